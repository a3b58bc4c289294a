import { rename, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Agent, counterSource, type Line, parseCount, type Running, World } from './harness.ts';

let world: World;
let agent: Agent;
let program: Running;

beforeEach(async () => {
  world = new World();
  await world.write('count.vais', counterSource());
  const path = await world.build('count.vais');
  agent = await world.startAgent();
  program = world.startProgram(path);
  await world.until(agent.address, (rows) => rows.length === 1);
});
afterEach(() => world.close());

const save = (word: string): Promise<string> => world.write('count.vais', counterSource({ word }));
const second = ({ refines }: Line): boolean => refines !== undefined;

async function watch(...more: string[]): Promise<Running> {
  const watching = world.remote('watch', 'count.vais', '--to', agent.address, '--json', ...more);
  await watching.event('watching');
  return watching;
}

async function history(): Promise<Line[]> {
  const { json } = await world.run('history', '--to', agent.address, '--json');
  return json;
}

it('brings the fast build at once and the optimized one behind it, as the same version', async () => {
  const watching = await watch();
  await save('wild');
  const first = await watching.event('done');
  expect(first).toMatchObject({ version: 2, tier: 'fast' });
  const behind = await watching.event('done', second);
  expect(behind).toMatchObject({ push: 1, version: 2, tier: 'optimized', refines: first['digest'], unchanged: false });
  const [row] = await world.until(agent.address, ([found]) => found?.digest === behind['digest']);
  expect(row).toMatchObject({ version: 2, desiredVersion: 2 });
  expect(await history()).toMatchObject([
    { version: 1 },
    { version: 2, desired: true, tier: 'optimized', digest: behind['digest'], fastDigest: first['digest'] },
  ]);

  // Who comes back gets the optimized build, and the number is still the same.
  program.kill('SIGKILL');
  program = world.startProgram(world.path('count'));
  await program.line((line) => parseCount(line).word === 'wild');
  await world.until(agent.address, ([found]) => found?.digest === behind['digest'] && found?.version === 2);
  expect(new Set(program.lines.map((line) => parseCount(line).version))).toEqual(new Set([1, 2]));

  await save('odd');
  await watching.event('done', (line) => line['version'] === 3 && second(line));
  expect((await world.run('rollback', '--to', agent.address)).code).toBe(0);
  await world.until(agent.address, ([found]) => found?.version === 4 && found?.digest === behind['digest']);
});

it('says it for people, and no second tier where it is not wanted', async () => {
  const fast = await watch('--tier', 'fast');
  await save('wild');
  await fast.event('done');
  await save('odd');
  await fast.event('done', ({ version }) => version === 3);
  expect(fast.json.some(second)).toBe(false);
  fast.kill('SIGINT');
  await fast.exited;
  const people = world.remote('watch', 'count.vais', '--to', agent.address, '--tier', 'both');
  await people.line((line) => line.includes('watching'));
  await save('even');
  await people.line((line) => line.includes('count runs version 4 optimized'));
});

it('gives way to a newer save without a word', async () => {
  const watching = await watch();
  for (const [index, word] of ['wild', 'odd', 'even'].entries()) {
    await save(word);
    await watching.event('done', ({ version }) => version === index + 2);
  }
  const behind = await watching.event('done', (line) => second(line) && line['version'] === 4);
  expect((await world.until(agent.address, ([row]) => row?.digest === behind['digest']))[0]?.version).toBe(4);
  expect(watching.json.filter(({ event }) => event === 'error')).toEqual([]);
  expect((await history()).map(({ version }) => version).filter((version) => version !== 0)).toEqual([1, 2, 3, 4]);
});

it('is brought again when the agent was killed, and the same text is no new version', async () => {
  const watching = await watch();
  await save('wild');
  const behind = await watching.event('done', second);
  agent.process.kill('SIGKILL');
  await watching.event('disconnected');
  agent = await world.startAgent({ listen: agent.address });
  await watching.event('connected');
  const [row] = await world.until(agent.address, ([found]) => found?.version === 2);
  expect(row?.digest).toBe(behind['digest']);
  const again = await world.run('push', 'count.vais', '--to', agent.address, '--json');
  expect(again.json.at(-1)).toMatchObject({ event: 'done', version: 2, unchanged: true });
});

it('of another text than the watched file has by now is never brought', async () => {
  const watching = await watch();
  await save('wild');
  await watching.event('done');
  // By the time the optimized build is made, the file may have been saved again: it is made of what was read first.
  await writeFile(world.path('next.vais'), counterSource({ word: 'odd' }));
  await rename(world.path('next.vais'), world.path('count.vais'));
  await watching.event('done', (line) => line['version'] === 3 && second(line));
  await program.line((line) => parseCount(line).word === 'odd');
  const inTwo = program.lines.map(parseCount).filter(({ version }) => version === 2);
  expect(new Set(inTwo.map(({ word }) => word))).toEqual(new Set(['wild']));
});
