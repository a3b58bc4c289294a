/** `attach` and `detach`, with real containers: with and without Node, root, and a root file system that can be written. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { type Ended, World } from '../e2e/harness.ts';
import { describeWhere } from '../scenario/needs.ts';
import { baseImage, importFolder, librariesOf } from './base-image.ts';
import { docker, missingDocker, Yard } from './docker.ts';

const stepMs = 300_000;
const last = ({ json }: Ended) => json.at(-1);
const hardened = ['--read-only', '--user', '1000:1000', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

describeWhere('an agent that is attached', missingDocker(), () => {
  let world: World;
  let yard: Yard;
  let base: string;
  let source: string;
  /** A program with the libraries that it is linked to, and nothing else in the world. */
  let bare: string;

  beforeAll(async () => {
    world = new World();
    base = await baseImage();
    yard = new Yard(base);
    bare = `${yard.project}/bare`;
    source = await readFile(join(packageRoot, 'examples', 'containers', 'game.vais'), 'utf8');
    await world.write('game.vais', source);
    const program = await world.build('game.vais');
    const root = world.path('root');
    for (const path of [...librariesOf(program), '/game']) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      copyFileSync(path === '/game' ? program : path, join(root, path)); // What a link leads to.
    }
    mkdirSync(join(root, 'tmp'));
    chmodSync(join(root, 'tmp'), 0o1777);
    await importFolder(root, bare, ['ENTRYPOINT ["/game"]']);
  }, stepMs);
  afterAll(async () => {
    yard?.close();
    docker('rmi', '-f', bare);
    await world?.close();
  }, stepMs);

  const step = (name: string, work: () => Promise<void>): void => it(name, work, stepMs);

  async function push(name: string, by: number): Promise<Ended> {
    await world.write('game.vais', source.replace('score + 1', `score + ${by}`));
    return world.run('push', 'game.vais', '--to', `docker://${name}`, '--json');
  }

  const changesOf = (name: string): string[] =>
    docker('diff', name)
      .split('\n')
      .filter((line) => line !== '');
  const begun = (name: string) => yard.logs(world, name).line((line) => line.includes('(version 1)'));

  step('needs no Node, no shell and no command there, and is there again after a restart', async () => {
    const name = yard.run('bare', bare);
    await begun(name);
    expect(changesOf(name)).toEqual([]);
    const none = await push(name, 2);
    expect(none.code).toBe(6);
    expect(last(none)?.['hint']).toContain(`vais-remote attach docker://${name}`);

    const attached = await world.run('attach', `docker://${name}`, '--program', 'game', '--json');
    expect(attached.code, attached.stdout + attached.stderr).toBe(0);
    expect(last(attached)).toMatchObject({
      event: 'attached',
      isNew: true,
      folder: '/tmp/.vais-remote',
      programs: ['game'],
    });
    expect(last(attached)?.['node']).toContain('has no Node');
    expect(
      changesOf(name).every((line) => line === 'C /tmp' || /^A \/tmp\/(?:\.vais-remote|vais-hot-0)/.test(line)),
    ).toBe(true);
    const again = await world.run('attach', `docker://${name}`, '--json');
    expect(last(again)).toMatchObject({ event: 'attached', isNew: false, programs: ['game'] });

    expect(last(await push(name, 100))).toMatchObject({ event: 'done', version: 2 });
    const since = new Date().toISOString();
    docker('restart', '-t', '1', name);
    const status = await world.run('status', '--to', `docker://${name}`, '--json');
    expect(status.code, status.stdout).toBe(0);
    expect(status.stderr).toContain('attached again');
    await yard.logs(world, name, '--since', since).line((line) => line.includes('(version 2)'));
    expect(last(await push(name, 7))).toMatchObject({ event: 'done', version: 3 });
    expect(last(await world.run('rollback', '--to', `docker://${name}`, '--json'))).toMatchObject({ version: 4 });
  });

  step('leaves nothing when it is detached, and the program goes on', async () => {
    const name = yard.run('left', bare);
    await begun(name);
    const before = changesOf(name);
    for (const command of ['attach', 'detach']) {
      const { code, stdout } = await world.run(command, `docker://${name}`, '--json');
      expect(code, stdout).toBe(0);
    }
    expect(changesOf(name)).toEqual(before);
    const processes = docker('top', name).split('\n').slice(1);
    expect(processes).toHaveLength(1);
    expect(processes[0]).toMatch(/\/game$/);
    const logs = yard.logs(world, name, '--tail', '1');
    await logs.line(() => logs.lines.length > 3);
    const twice = await world.run('detach', `docker://${name}`, '--json');
    expect(twice.code, twice.stdout).toBe(0);
    expect(last(twice)).toEqual({ event: 'detached', container: `docker://${name}` });
  });

  step('says of a root that is read-only, with nothing to write to, what to add', async () => {
    const name = yard.run('closed', ...hardened, bare);
    const { code, json } = await world.run('attach', `docker://${name}`, '--json');
    expect(code).toBe(1);
    expect(json).toMatchObject([{ event: 'error', code: 'storage' }]);
    expect(json[0]?.['message']).toContain('its root file system is read-only, and nothing is mounted');
    expect(json[0]?.['hint']).toContain('--mount type=volume,dst=/vais');
    const noexec = yard.run('noexec', ...hardened, '--tmpfs', '/tmp', bare);
    const refused = await world.run('attach', `docker://${noexec}`, '--json');
    expect(refused.json[0]?.['message']).toContain('/tmp (tmpfs, noexec)');
    const memory = yard.run('memory', ...hardened, '--tmpfs', '/tmp:exec', bare);
    const unseen = await world.run('attach', `docker://${memory}`, '--json');
    expect(unseen.json[0]?.['message']).toMatch(/in memory, where only a command in the container can write.*tar/);
  });

  step('stands in a volume where the root is read-only, whoever the user is', async () => {
    const name = yard.run('volume', ...hardened, '--mount', 'type=volume,dst=/vais', '--tmpfs', '/tmp:exec', bare);
    await begun(name);
    const attached = await world.run('attach', `docker://${name}`, '--program', 'game', '--json');
    expect(attached.code, attached.stdout).toBe(0);
    expect(last(attached)).toMatchObject({ folder: '/vais/.vais-remote', programs: ['game'] });
    expect(last(await push(name, 3))).toMatchObject({ event: 'done', version: 2 });
    const { code, stdout } = await world.run('detach', `docker://${name}`, '--json');
    expect(code, stdout).toBe(0);
    expect(docker('run', '--rm', '--volumes-from', name, base, 'node', '-p', 'fs.readdirSync("/vais").length')).toBe(
      '0',
    );
  });

  step('is run by the Node that is there, from a tmpfs too, and starts a program', async () => {
    const name = yard.run(
      'node',
      ...hardened,
      '--tmpfs',
      '/tmp:exec',
      base,
      'node',
      '-e',
      'setInterval(() => {}, 1e6)',
    );
    docker('exec', name, 'node', '-e', 'fs.mkdirSync("/tmp/app")');
    const binary = await readFile(world.path('game'));
    const put = `fs.writeFileSync("/tmp/app/game", fs.readFileSync(0), { mode: 0o755 })`;
    execFileSync('docker', ['exec', '-i', name, 'node', '-e', put], { input: binary });
    const missing = await world.run('attach', `docker://${name}`, '--program', 'second=/tmp/app/game', '--json');
    expect(missing.code, missing.stdout + missing.stderr).toBe(0);
    expect(last(missing)).toMatchObject({ folder: '/tmp/.vais-remote', programs: ['second'] });
    expect(last(missing)?.['node']).toContain(`its Node ${process.version}`);
    expect(last(await push(name, 4))).toMatchObject({ event: 'done', program: 'second', version: 2 });
    const { code, stdout } = await world.run('detach', `docker://${name}`, '--json');
    expect(code, stdout).toBe(0);
    expect(
      docker(
        'exec',
        name,
        'node',
        '-p',
        'fs.readdirSync("/tmp").filter((each) => !each.startsWith("vais-hot")).join()',
      ),
    ).toBe('app');
  });
});
