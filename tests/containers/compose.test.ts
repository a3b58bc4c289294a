/** `docker-compose up`, and then the whole way into the container, with a real engine. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { type Ended, type Running, World } from '../e2e/harness.ts';
import { describeWhere } from '../scenario/needs.ts';
import { baseImage } from './base-image.ts';
import { docker, missingDocker, Yard } from './docker.ts';
import { tellWays } from './ways.ts';

const stepMs = 300_000;
const example = join(packageRoot, 'examples', 'containers', 'game.vais');
const last = ({ json }: Ended) => json.at(-1);

describeWhere('a program and its agent in one container', missingDocker(), () => {
  let world: World;
  let yard: Yard;
  let service: string;
  let source: string;

  beforeAll(async () => {
    world = new World();
    yard = new Yard(await baseImage());
    yard.compose('docker-compose.yml', 'up', '--build', '-d');
    service = `compose://${yard.project}/game`;
    source = await readFile(example, 'utf8');
  }, stepMs);
  afterAll(async () => {
    yard?.close();
    await world?.close();
  }, stepMs);

  const step = (name: string, work: () => Promise<void>): void => it(name, work, stepMs);
  const container = (number: number): string => `${yard.project}_game_${number}`;

  /** Pushes the example with the score going up by so much. */
  async function push(by: number | string, to = service): Promise<Ended> {
    await world.write('game.vais', source.replace('score + 1', `score + ${by}`));
    return world.run('push', 'game.vais', '--to', to, '--json');
  }

  /** Waits for a line of the program in this version. */
  async function line(logs: Running, version: number): Promise<{ frame: number; score: number }> {
    const text = await logs.line((each) => each.includes(`(version ${version})`));
    const [, frame, score] = /frame (\d+) score (\d+)/.exec(text) ?? [];
    return { frame: Number(frame), score: Number(score) };
  }

  step('runs as nobody who may do anything', async () => {
    const code = `const {readFileSync,writeFileSync}=require('fs'); const s=readFileSync('/proc/1/status','utf8');
      let write; try { writeFileSync('/opt/x','') } catch (e) { write = e.code }
      console.log(JSON.stringify({uid: process.getuid(), caps: /CapEff:\\s+(\\w+)/.exec(s)[1], bounding: /CapBnd:\\s+(\\w+)/.exec(s)[1],
        noNew: /NoNewPrivs:\\s+(\\d)/.exec(s)[1], write}))`;
    expect(JSON.parse(docker('exec', container(1), 'node', '-e', code))).toEqual({
      uid: 1000,
      caps: '0000000000000000',
      bounding: '0000000000000000',
      noNew: '1',
      write: 'EROFS',
    });
  });

  step('takes a push at once, and keeps its state', async () => {
    const logs = yard.logs(world, container(1));
    await yard.linked(world, container(1));
    const pushed = await push(100, 'docker://game');
    expect(pushed.code, pushed.stderr).toBe(0);
    expect(pushed.stderr).toContain('paired with docker://');
    expect(last(pushed)).toMatchObject({ event: 'done', program: 'game', version: 2 });
    const { frame, score } = await line(logs, 2);
    expect(score).toBe(frame - 1 + 100);
    const again = await push(100);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(last(again)).toMatchObject({ event: 'done', version: 2, unchanged: true });
  });

  step('is healthy by the gRPC health service, and not when the agent is gone', async () => {
    const { Healthcheck } = JSON.parse(docker('inspect', '-f', '{{json .Config}}', container(1))) as {
      Healthcheck: { Test: string[] };
    };
    const [kind, ...command] = Healthcheck.Test;
    expect(kind).toBe('CMD');
    expect(docker('exec', container(1), ...command)).toMatch(/^The agent at 127\.0\.0\.1:7777 serves\.$/);
    const elsewhere = command.map((word) => (word === '/vais/agent' ? '/vais' : word));
    expect(() => docker('exec', container(1), ...elsewhere)).toThrow('no agent runs on /vais');
  });

  step('survives a version that crashes', async () => {
    const crashed = await push('(0 as *GameState).score');
    expect(crashed.code, crashed.stdout).toBe(5);
    expect(crashed.json.find(({ event }) => event === 'reverted')).toMatchObject({
      signal: 'SIGSEGV',
      function: 'update',
    });
    const [row] = (await world.run('status', '--to', service, '--json')).json.slice(-1);
    expect(row).toMatchObject({ event: 'status', version: 2, state: 'confirmed' });
  });

  step('has its version again when the container restarts', async () => {
    const watch = world.remote('watch', 'game.vais', '--to', service, '--json');
    await watch.event('watching');
    const since = new Date().toISOString();
    docker('restart', '-t', '5', container(1));
    const { score, frame } = await line(yard.logs(world, container(1), '--since', since), 2);
    expect(score).toBeGreaterThan(frame);
    // A watch finds the container again, though its address may be another.
    await watch.event('connected');
    await world.write('game.vais', source.replace('score + 1', 'score + 7'));
    expect(await watch.event('done')).toMatchObject({ event: 'done', version: 4 });
    watch.kill('SIGINT');
    expect((await watch.exited).code).toBe(0);
  });

  step('goes back to the version before', async () => {
    const back = await world.run('rollback', '--to', service, '--json');
    expect(back.code, back.stderr).toBe(0);
    expect(last(back)).toMatchObject({ event: 'done', version: 5 });
    await line(yard.logs(world, container(1)), 5);
  });

  step('is pushed to together with its replicas, of which a paused one holds back none', async () => {
    yard.compose('docker-compose.yml', 'up', '-d', '--scale', 'game=3', '--no-recreate');
    await Promise.all([2, 3].map((number) => yard.linked(world, container(number))));
    docker('pause', container(2));
    const some = await push(300);
    expect(some.code, some.stdout).toBe(6);
    const endings = some.json.filter(({ event }) => event === 'done' || event === 'error');
    expect(endings.sort((a, b) => (String(a['target']) < String(b['target']) ? -1 : 1))).toMatchObject([
      { event: 'done', target: `docker://${container(1)}`, version: 6 },
      { event: 'error', target: `docker://${container(2)}`, code: 'paused', exit: 6 },
      { event: 'done', target: `docker://${container(3)}`, version: 2 },
    ]);
    docker('unpause', container(2));
    const all = await push(300);
    expect(all.code, all.stdout + all.stderr).toBe(0);
    expect(
      all.json
        .filter(({ event }) => event === 'done')
        .map(({ unchanged }) => unchanged)
        .sort(),
    ).toEqual([false, true, true]);
    const status = await world.run('status', '--to', service, '--json');
    expect(status.code, status.stdout).toBe(0);
    const shown = status.json.filter(({ event }) => event === 'status').map((row) => [row['target'], row['version']]);
    expect(shown.sort()).toEqual([
      [`docker://${container(1)}`, 6],
      [`docker://${container(2)}`, 2],
      [`docker://${container(3)}`, 2],
    ]);
  });

  step('is another container when it is recreated, with an agent that is paired with by itself', async () => {
    docker('rm', '-f', '-v', ...[1, 2, 3].map(container));
    yard.compose('docker-compose.yml', 'up', '-d');
    await yard.linked(world, container(1));
    const pushed = await push(5);
    expect(pushed.code, pushed.stderr).toBe(0);
    expect(pushed.stderr).toContain('paired with');
    const targets = await world.run('targets', '--json');
    const of = targets.json.filter(({ address }) => address === `docker://${container(1)}`);
    expect(of).toHaveLength(1);
  });

  tellWays(() => ({ world, yard }));
});
