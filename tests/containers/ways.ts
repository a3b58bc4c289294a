/** The ways to an agent in a container, and an agent in a container of its own. Told by `compose.test.ts`, which has built the images. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import type { Ended, World } from '../e2e/harness.ts';
import { docker, type Yard } from './docker.ts';

const stepMs = 300_000;
const last = ({ json }: Ended) => json.at(-1);

/** Registers the steps. The image `PROJECT_game` is there. */
export function tellWays(get: () => { readonly world: World; readonly yard: Yard }): void {
  let world: World;
  let yard: Yard;
  const step = (name: string, work: () => Promise<void>): void =>
    it(
      name,
      () => {
        ({ world, yard } = get());
        return work();
      },
      stepMs,
    );

  async function push(to: string, by: number): Promise<Ended> {
    const source = await readFile(join(packageRoot, 'examples', 'containers', 'game.vais'), 'utf8');
    await world.write('game.vais', source.replace('score + 1', `score + ${by}`));
    const ended = await world.run('push', 'game.vais', '--to', to, '--json');
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    return ended;
  }

  step('lead to a sidecar, which shares nothing with the program but a volume', async () => {
    const agent = `compose://${yard.project}/agent`;
    const game = `${yard.project}_program_1`;
    yard.compose('deploy/compose.sidecar.yml', 'up', '--build', '-d');
    const logs = yard.logs(world, game);
    await yard.linked(world, `${yard.project}_agent_1`);
    expect(last(await push(agent, 100))).toMatchObject({ program: 'game', version: 2 });
    await logs.line((line) => line.includes('(version 2)'));

    // The program goes on without its agent, and is found again by the next one.
    const restarted = new Date().toISOString();
    docker('restart', '-t', '5', `${yard.project}_agent_1`);
    await yard
      .logs(world, `${yard.project}_agent_1`, '--since', restarted)
      .line((line) => line.includes('is connected'));
    expect(last(await push(agent, 200))).toMatchObject({ version: 3 });
    const since = new Date().toISOString();
    docker('restart', '-t', '1', game);
    await yard.logs(world, game, '--since', since).line((line) => line.includes('(version 3)'));
  });

  step('are a published port, an address, or a command in a container with no network at all', async () => {
    const image = `${yard.project}_game`;
    const ways = { port: ['-p', '127.0.0.1::7777'], address: [], exec: ['--network', 'none'] };
    for (const [way, args] of Object.entries(ways)) {
      const name = yard.run(way, '--label', 'vais-test=ways', ...args, image);
      await yard.linked(world, name);
      expect(last(await push(`docker://${name}/game`, 100))).toMatchObject({ event: 'done', version: 2 });
    }
    const all = await push('docker://label=vais-test=ways', 100);
    expect(all.json.filter(({ event, unchanged }) => event === 'done' && unchanged === true)).toHaveLength(3);
    const [row] = (await world.run('targets', '--json')).json.filter(
      ({ name }) => name === `docker://${yard.name('exec')}`,
    );
    expect(row).toMatchObject({ event: 'container', state: 'running', image, attached: false });
  });

  step('are not there, each for its own reason', async () => {
    const errorOf = async (to: string): Promise<Ended> => world.run('status', '--to', to, '--json');
    const nobody = await errorOf('docker://nobody-is-called-so');
    expect(nobody.code).toBe(6);
    expect(last(nobody)?.['message']).toMatch(/no container or service is called nobody-is-called-so, at unix:\/\//);
    docker('stop', '-t', '1', yard.name('port'));
    expect(last(await errorOf(`docker://${yard.name('port')}`))?.['message']).toContain('does not run (exited)');
    expect((await errorOf('docker://a b')).code).toBe(2);
    expect((await errorOf('compose://only-a-project')).code).toBe(2);
  });

  step('go to another agent in the same container only when that is asked for', async () => {
    const name = yard.name('exec');
    const data = '/vais/agent';
    docker('stop', '-t', '5', name);
    // Somebody who may use the volume sets the agent up anew.
    const image = `${yard.project}_game`;
    const command = ['/opt/vais-remote/dist/agent/bin.js', 'agent', 'new-identity', '--data', data];
    docker('run', '--rm', '--volumes-from', name, '--entrypoint', 'node', image, ...command);
    docker('start', name);
    await yard.logs(world, name, '--tail', '1').line((line) => line.includes('game |'));
    const refused = await world.run('status', '--to', `docker://${name}`, '--json');
    expect(refused.code).toBe(7);
    expect(last(refused)).toMatchObject({ code: 'identity_changed' });
    expect(last(await world.run('pair', `docker://${name}`, '--json'))).toMatchObject({ event: 'paired' });
    expect((await world.run('status', '--to', `docker://${name}`, '--json')).code).toBe(0);
  });
}
