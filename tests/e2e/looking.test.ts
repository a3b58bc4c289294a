/** The commands that look, at one agent and at several: status, history, logs, rollback. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { type Agent, counterSource, type Running, World } from './harness.ts';

let world: World;
let agent: Agent;
beforeEach(async () => {
  world = new World();
  await world.write('count.vais', counterSource());
  await world.build('count.vais');
  agent = await world.startAgent({ run: `count=${world.path('count')}` });
  await world.until(agent.address, (rows) => rows.length === 1);
});
afterEach(() => world.close());

/** A second agent with a program of its own; ended with the world. */
async function another(): Promise<{ readonly agent: Running; readonly address: string }> {
  mkdirSync(world.path('other'));
  const main = join(packageRoot, 'dist', 'cli', 'main.js');
  const run = ['--insecure', '--json', '--run', `count=${world.path('count')}`];
  const args = [main, 'agent', '--listen', '127.0.0.1:0', '--data', world.path('other', 'data'), ...run];
  const other = world.start(process.execPath, args, { XDG_RUNTIME_DIR: world.path('other') });
  const ready = await other.event('ready');
  const address = String(ready['address']);
  await world.until(address, (rows) => rows.length === 1);
  return { agent: other, address };
}

it('logs: what a program wrote, and what it writes', async () => {
  const short = await world.run('logs', 'count', '--no-follow', '--lines', '3', '--to', agent.address);
  expect(short.code).toBe(0);
  expect(short.stdout.split('\n')).toHaveLength(3);
  for (const line of short.stdout.split('\n')) expect(line).toMatch(/^1 \d+ \d+ calm$/);
  const following = world.remote('logs', '--to', agent.address, '--json');
  await following.event('log');
  await world.write('count.vais', counterSource({ word: 'wild' }));
  await world.run('push', 'count.vais', '--to', agent.address, '--json');
  await following.event('log', ({ text }) => String(text).endsWith('wild'));
  const steps = following.json
    .filter(({ event }) => event === 'log')
    .map(({ text }) => Number(String(text).split(' ')[1]));
  // None is missing and none comes twice, at the seam too.
  expect(steps).toEqual(steps.map((_step, index) => (steps[0] ?? 0) + index));
  following.kill('SIGINT');
  expect(await following.exited).toEqual({ code: 0, signal: null });
  const none = await world.run('logs', 'nope', '--to', agent.address, '--json');
  expect(none.json.at(-1)).toMatchObject({ event: 'error', code: 'no_such_program', exit: 6 });
});

it('status --watch: shows each change until Ctrl-C', async () => {
  const status = world.remote('status', '--watch', '--to', agent.address, '--json');
  await status.event('status', ({ version }) => version === 1);
  await world.write('count.vais', counterSource({ word: 'wild' }));
  await world.run('push', 'count.vais', '--to', agent.address, '--json');
  await status.event('status', ({ version, state }) => version === 2 && state === 'confirmed');
  status.kill('SIGINT');
  expect(await status.exited).toEqual({ code: 0, signal: null });
});

it('history --limit: the newest alone', async () => {
  for (const word of ['wild', 'even']) {
    await world.write('count.vais', counterSource({ word }));
    await world.run('push', 'count.vais', '--to', agent.address, '--json');
  }
  const versions = async (...more: string[]): Promise<unknown[]> =>
    (await world.run('history', '--to', agent.address, '--json', ...more)).json.map(({ version }) => version);
  expect(await versions()).toEqual([1, 2, 3]);
  expect(await versions('--limit', '2')).toEqual([2, 3]);
  expect(await versions('--limit', '0')).toEqual([]);
});

it('takes several targets, and says of each report which it is about', async () => {
  const other = await another();
  try {
    const both = ['--to', `${agent.address},${other.address}`, '--json'];
    await world.write('count.vais', counterSource({ word: 'wild' }));
    const watching = world.remote('watch', 'count.vais', ...both);
    for (const target of [agent.address, other.address])
      await watching.event('watching', (line) => line['target'] === target);
    await world.write('count.vais', counterSource({ word: 'even' }));
    for (const target of [agent.address, other.address])
      await watching.event('done', (line) => line['target'] === target && line['version'] === 2);
    watching.kill('SIGINT');
    expect(await watching.exited).toEqual({ code: 0, signal: null });

    const targets = (lines: readonly Readonly<Record<string, unknown>>[]): unknown[] =>
      [...new Set(lines.map(({ target }) => target))].sort();
    const all = [agent.address, other.address].sort();
    const status = await world.run('status', ...both);
    expect(status.json.filter(({ event, version }) => event === 'status' && version === 2)).toHaveLength(2);
    expect(targets(status.json)).toEqual(all);
    const people = await world.run('status', '--to', agent.address, '--to', other.address);
    expect(people.stdout.match(/PROGRAM/g)).toHaveLength(2);
    const back = await world.run('rollback', '1', ...both);
    expect(back.code).toBe(0);
    expect(targets(back.json.filter(({ event, version }) => event === 'done' && version === 3))).toEqual(all);
    const history = await world.run('history', ...both);
    expect(history.json.filter(({ version }) => version === 3)).toHaveLength(2);
    expect(targets(history.json)).toEqual(all);
    // One that is not there keeps the other from nothing.
    const half = await world.run('status', '--to', `127.0.0.1:1,${agent.address}`, '--json');
    expect(half.code).toBe(6);
    expect(half.json.some(({ event, target }) => event === 'status' && target === agent.address)).toBe(true);
    expect((await world.run('events', ...both)).json.at(-1)).toMatchObject({ code: 'usage', exit: 2 });
  } finally {
    other.agent.kill('SIGTERM');
    await other.agent.exited;
  }
});
