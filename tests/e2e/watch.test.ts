import { mkdirSync, readdirSync } from 'node:fs';
import { rename, unlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Agent, counterSource, parseCount, type Running, World } from './harness.ts';

let world: World;
let agent: Agent;
let program: Running;
let watching: Running;

beforeEach(async () => {
  world = new World();
  await world.write('count.vais', counterSource());
  const path = await world.build('count.vais');
  agent = await world.startAgent();
  program = world.startProgram(path);
  await world.until(agent.address, (rows) => rows.length === 1);
  watching = world.remote('watch', 'count.vais', '--to', agent.address, '--json');
  await watching.event('watching');
});
afterEach(() => world.close());

const save = (word: string): Promise<string> => world.write('count.vais', counterSource({ word }));

async function expectWord(word: string): Promise<void> {
  await program.line((line) => parseCount(line).word === word);
  const steps = program.lines.map((line) => parseCount(line).steps);
  expect(steps).toEqual(steps.map((_step, index) => index + 1));
}

it('pushes at each save, however the editor saves, and Ctrl-C leaves nothing behind', async () => {
  await save('wild');
  expect(await watching.event('done')).toMatchObject({ version: 2, program: 'count' });
  await writeFile(world.path('.count.vais.swp'), counterSource({ word: 'odd' }));
  await rename(world.path('.count.vais.swp'), world.path('count.vais'));
  await watching.event('done', ({ version }) => version === 3);
  await unlink(world.path('count.vais'));
  await save('even');
  await watching.event('done', ({ version }) => version === 4);
  await expectWord('even');

  watching.kill('SIGINT');
  expect(await watching.exited).toEqual({ code: 0, signal: null });
  expect(readdirSync(world.temporary)).toEqual([]);
});

it('brings with the first save what was changed before it started, once', async () => {
  watching.kill('SIGINT');
  await watching.exited;
  await save('wild');
  watching = world.remote('watch', 'count.vais', '--to', agent.address, '--json');
  await watching.event('watching');
  await save('wild');
  expect(await watching.event('done')).toMatchObject({ version: 2 });
  await expectWord('wild');
  await save('wild');
  await save('even');
  await watching.event('done', ({ version }) => version === 3);
  expect(watching.json.filter(({ event }) => event === 'unchanged')).toEqual([]);
});

it('shows compile errors as data, and goes on', async () => {
  await world.write('count.vais', counterSource().replace('count.total +', 'count.totl +'));
  const error = await watching.event('error');
  expect(error).toMatchObject({ code: 'compile_failed', exit: 3 });
  expect(error['diagnostics']).toHaveLength(1);
  await save('wild');
  await watching.event('done');
  await expectWord('wild');
});

it('never shows the error of half a file that the other half mends', async () => {
  const whole = counterSource({ word: 'wild' });
  const half = whole.length / 2;
  await writeFile(world.path('count.vais'), whole.slice(0, half));
  await writeFile(world.path('count.vais'), whole.slice(half), { flag: 'a' });
  await watching.event('done');
  await expectWord('wild');
  expect(watching.json.filter(({ event }) => event === 'error')).toEqual([]);
});

it('refuses what cannot fit, and takes the next save that does', async () => {
  const changed = counterSource()
    .replace('count: *Count)', 'count: *Count, by: i64)')
    .replace('(&count)', '(&count, 1)');
  await world.write('count.vais', changed);
  expect(await watching.event('error')).toMatchObject({ code: 'contract_changed', exit: 4 });
  await save('wild');
  await watching.event('done');
  await expectWord('wild');
});

it('says once that the agent is gone, and brings what was saved meanwhile when it is back', async () => {
  await save('wild');
  await watching.event('done');
  agent.process.kill('SIGKILL');
  await watching.event('disconnected');
  await save('odd');
  agent = await world.startAgent({ listen: agent.address });
  await watching.event('connected');
  await watching.event('done', ({ version }) => version === 3);
  await expectWord('odd');
  expect(watching.json.filter(({ event }) => event === 'disconnected')).toHaveLength(1);
});

it('does not undo a rollback when the agent comes back', async () => {
  await save('wild');
  await watching.event('done');
  expect((await world.run('rollback', '--to', agent.address)).code).toBe(0);
  agent.process.kill('SIGKILL');
  await watching.event('disconnected');
  agent = await world.startAgent({ listen: agent.address });
  await watching.event('connected');
  await world.until(agent.address, ([row]) => row?.version === 3);
  await save('odd');
  await watching.event('done', ({ version }) => version === 4);
  await expectWord('odd');
});

it('says it when another push takes the place of its own', async () => {
  await save('wild');
  await watching.event('done', ({ version }) => version === 2);
  mkdirSync(world.path('theirs'));
  await world.write('theirs/count.vais', counterSource({ word: 'odd' }));
  const theirs = ['push', 'theirs/count.vais', '--to', agent.address, '--json'];
  expect((await world.run(...theirs)).code).toBe(0);
  expect(await watching.event('replaced')).toMatchObject({ program: 'count', version: 3, origin: 'push' });
  await save('even'); // Its next save takes the place of that again.
  await watching.event('done', ({ version }) => version === 4);
  await expectWord('even');
});

it('waits for a program that has ended, and brings it the last save', async () => {
  program.kill('SIGKILL');
  await world.until(agent.address, (rows) => rows.length === 0);
  await save('wild');
  await watching.event('absent');
  program = world.startProgram(world.path('count'));
  await watching.event('done');
  await program.line((line) => parseCount(line).word === 'wild');
});

it('follows what the source imports', async () => {
  const helper = (by: number): string => `P F stride() -> i64 = ${by}\n`;
  await world.write('steps.vais', helper(1));
  await world.write(
    'count.vais',
    `U steps\n${counterSource({ word: 'wild' }).replace('count.total + 1', 'count.total + stride()')}`,
  );
  await watching.event('done', ({ version }) => version === 2);
  await world.write('steps.vais', helper(1000));
  await watching.event('done', ({ version }) => version === 3);
  await program.line((line) => parseCount(line).total > 1000);
  await expectWord('wild');
});

it('follows an import that goes and comes back', async () => {
  const helper = (by: number): string => `P F stride() -> i64 = ${by}\n`;
  await world.write('steps.vais', helper(1));
  const source = counterSource({ word: 'wild' }).replace('count.total + 1', 'count.total + stride()');
  await world.write('count.vais', `U steps\n${source}`);
  await watching.event('done', ({ version }) => version === 2);
  await unlink(world.path('steps.vais'));
  await watching.event('error', ({ code }) => code === 'compile_failed');
  await world.write('steps.vais', helper(1000));
  await watching.event('done', ({ version }) => version === 3);
  await program.line((line) => parseCount(line).total > 1000);
});

it('follows several files on one session', async () => {
  await world.write('other.vais', counterSource());
  const other = world.startProgram(await world.build('other.vais'));
  await world.until(agent.address, (rows) => rows.length === 2);
  const both = world.remote('watch', 'count.vais', 'other.vais', '--to', agent.address, '--json');
  await both.event('watching', ({ module }) => module === 'count');
  await both.event('watching', ({ module }) => module === 'other');
  await world.write('other.vais', counterSource({ word: 'wild' }));
  expect(await both.event('done')).toMatchObject({ program: 'other', module: 'other', version: 2 });
  await other.line((line) => parseCount(line).word === 'wild');
});

it('says that a version failed while the agent was away, and does not bring it again', async () => {
  const late =
    '    I count.steps > 1500 {\n        none := 0 as *Count\n        none.total = 1\n    }\n    count.total = count.total';
  await world.write('count.vais', counterSource({ word: 'wild' }).replace('    count.total = count.total', late));
  const { push } = await watching.event('done', ({ tier }) => tier === 'optimized');
  agent.process.kill('SIGKILL');
  await watching.event('disconnected');
  const from = program.lines.length;
  await program.line((line) => parseCount(line).word === 'calm', from);
  agent = await world.startAgent({ listen: agent.address });
  expect(await watching.event('error')).toMatchObject({ code: 'reverted', push, file: 'count.vais' });
  await save('odd');
  await watching.event('done', ({ version }) => version === 3);
  expect(watching.json.filter(({ event }) => event === 'done').map(({ version }) => version)).toEqual([2, 2, 3]);
});
