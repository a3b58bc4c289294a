/** An agent attached by Podman: as it is with Docker, and where Podman differs. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { type Ended, World } from '../e2e/harness.ts';
import { thisMachine } from '../scenario/machine.ts';
import { describeWhere } from '../scenario/needs.ts';
import { librariesOf } from './base-image.ts';
import { missingPodman, Podman } from './podman.ts';

const stepMs = 300_000;
const last = ({ json }: Ended) => json.at(-1);

/** A tar of an executable with what it is linked to, under the name `as`. */
function rootOf(executable: string, as: string): Buffer {
  const root = mkdtempSync(join(tmpdir(), 'vais-root-'));
  try {
    mkdirSync(join(root, 'tmp'), { mode: 0o1777 });
    execFileSync('chmod', ['1777', join(root, 'tmp')]);
    for (const path of [...librariesOf(executable), as]) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      copyFileSync(path === as ? executable : path, join(root, path));
    }
    return execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '-cf', '-', '.'], { maxBuffer: 1 << 26 });
  } finally {
    rmSync(root, { recursive: true });
  }
}

describeWhere('Podman', await missingPodman(() => rootOf('/usr/bin/true', '/probe')), () => {
  let world: World;
  let podman: Podman;
  let source: string;

  beforeAll(async () => {
    podman = await Podman.start();
    world = new World({ ...thisMachine, env: { DOCKER_HOST: podman.host } });
    source = readFileSync(join(packageRoot, 'examples', 'containers', 'game.vais'), 'utf8');
    await world.write('game.vais', source);
    const program = await world.build('game.vais');
    const tar = rootOf(program, '/game');
    const { status, stderr } = podman.dockerWith(tar, 'import', '--change', 'ENTRYPOINT ["/game"]', '-', 'bare');
    expect(status, stderr).toBe(0);
  }, stepMs);
  afterAll(async () => {
    podman?.close();
    await world?.close();
  }, stepMs);

  function run(name: string, ...args: string[]): void {
    const { status, stderr } = podman.docker('run', '-d', '--name', name, ...args, 'bare');
    expect(status, stderr).toBe(0);
  }

  async function succeed(...args: string[]): Promise<Ended> {
    const ended = await world.run(...args, '--json');
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    return ended;
  }

  const ours = (name: string): string[] =>
    podman
      .docker('diff', name)
      .stdout.split('\n')
      .filter((line) => line.includes('.vais-remote'));

  it.each([
    ['root', []],
    ['a user without rights', ['--user', '1000', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']],
  ])(
    'as %s: attached, pushed to, restarted, and detached with nothing left',
    async (title, args) => {
      const name = title.replaceAll(' ', '-');
      run(name, ...args);
      const target = `docker://${name}`;
      expect(last(await succeed('attach', target, '--program', 'game'))).toMatchObject({ programs: ['game'] });
      await world.write('game.vais', source.replace('score + 1', 'score + 100'));
      expect(last(await succeed('push', 'game.vais', '--to', target))).toMatchObject({ event: 'done', version: 2 });
      podman.docker('restart', '-t', '1', name);
      expect(ours(name)).not.toEqual([]);
      expect(last(await succeed('detach', target))).toMatchObject({ event: 'detached', folder: '/tmp/.vais-remote' });
      expect(ours(name)).toEqual([]);
      expect(last(await succeed('detach', target))).not.toHaveProperty('folder');
    },
    stepMs,
  );

  it('is named by its own command in hints', async () => {
    run('stopped');
    podman.docker('stop', '-t', '1', 'stopped');
    const { json } = await world.run('attach', 'docker://stopped', '--json');
    expect(json.at(-1)).toMatchObject({ event: 'error', hint: 'podman start stopped' });
  });
});
