import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { digestOf } from '../../common/digest.ts';
import { counterSource, parseCount, World } from './harness.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

const runs =
  (version: number) =>
  (line: string): boolean =>
    parseCount(line).version === version;

/** That the program took every step once, in order: state was never lost. */
function expectWholeCount(lines: readonly string[]): void {
  expect(lines.map((line) => parseCount(line).steps)).toEqual(lines.map((_line, index) => index + 1));
}

it('runs alone: no agent, no library, no file beside it', async () => {
  await world.write('count.vais', counterSource());
  const path = await world.build('count.vais');
  const program = world.startProgram(path);
  await program.line((line) => parseCount(line).steps === 20);
  expectWholeCount(program.lines);
  expect(program.lines.every(runs(1))).toBe(true);
  expect(program.stderr).toBe('');
});

it('takes a push with its state intact, and reports the digest of what was pushed', async () => {
  const source = await world.write('count.vais', counterSource());
  const path = await world.build('count.vais');
  const agent = await world.startAgent();
  const program = world.startProgram(path);
  await world.until(agent.address, (rows) => rows.length === 1);
  const before = await program.line(runs(1));

  await world.write('count.vais', counterSource({ by: 100, word: 'wild' }));
  const pushed = await world.run('push', source, '--to', agent.address, '--json');
  expect(pushed.stderr).toContain('insecure');
  expect(pushed.code).toBe(0);
  const stages = [
    'compiled',
    'received',
    'verified',
    'staged',
    'checked',
    'delivered',
    'loaded',
    'swapped',
    'confirmed',
  ];
  expect(pushed.json.map(({ event }) => event)).toEqual([...stages, 'done']);
  const times = pushed.json.map(({ ms }) => Number(ms));
  expect(times).toEqual([...times].sort((a, b) => a - b));
  const swapped = pushed.json.find(({ event }) => event === 'swapped');
  expect(swapped).toMatchObject({ program: 'count', module: 'count', version: 2, pid: program.pid });

  const line = parseCount(await program.line(runs(2)));
  expect(line.word).toBe('wild');
  expect(line.total).toBe(line.steps - 1 + 100);
  expect(parseCount(before).version).toBe(1);
  expectWholeCount(program.lines);

  const status = await world.run('status', '--to', agent.address, '--json');
  const row = status.json.find(({ event }) => event === 'status');
  expect(row).toMatchObject({ version: 2, desiredVersion: 2, buildId: swapped?.['buildId'], state: 'confirmed' });

  // A library that was built first is the same as a source, and its digest is that of the file.
  await world.write('count.vais', counterSource({ by: 7, word: 'odd' }));
  expect((await world.vaisc('build', '--hot', 'count.vais')).code).toBe(0);
  const library = await world.run('push', 'libcount.so', '--to', `${agent.address}/count`, '--json');
  expect(library.code).toBe(0);
  const rows = await world.until(agent.address, ([first]) => first?.version === 3);
  expect(rows[0]?.digest).toBe(digestOf(await readFile(world.path('libcount.so'))));
  await program.line(runs(3));
  expectWholeCount(program.lines);

  const again = await world.run('push', 'libcount.so', '--to', agent.address, '--json');
  expect(again.code).toBe(0);
  expect(again.json.at(-1)).toMatchObject({ event: 'done', version: 3, unchanged: true });
});

it('goes back to an earlier version, and keeps the history of all', async () => {
  const source = await world.write('count.vais', counterSource());
  const agent = await world.startAgent();
  const program = world.startProgram(await world.build('count.vais'));
  await world.until(agent.address, (rows) => rows.length === 1);
  await world.write('count.vais', counterSource({ word: 'wild' }));
  expect((await world.run('push', source, '--to', agent.address)).code).toBe(0);

  const back = await world.run('rollback', '--to', agent.address, '--json');
  expect(back.code).toBe(0);
  expect(back.json.at(-1)).toMatchObject({ event: 'done', program: 'count', version: 3 });
  const line = parseCount(await program.line(runs(3)));
  expect(line.word).toBe('calm');
  expect((await world.run('rollback', '2', '--to', agent.address)).code).toBe(0);
  expect(parseCount(await program.line(runs(4))).word).toBe('wild');
  expectWholeCount(program.lines);

  const none = await world.run('rollback', '99', '--to', agent.address, '--json');
  expect(none.code).toBe(4);
  expect(none.json.at(-1)).toMatchObject({ event: 'error', code: 'no_such_version', exit: 4 });

  const { json } = await world.run('history', '--to', agent.address, '--json');
  expect(json.map(({ version, desired, rollbackTo }) => ({ version, desired, rollbackTo }))).toEqual([
    { version: 1, desired: false },
    { version: 2, desired: false },
    { version: 3, desired: false, rollbackTo: 1 },
    { version: 4, desired: true, rollbackTo: 2 },
  ]);
});

it('goes on when the agent is killed, and takes a push when it is back', async () => {
  const source = await world.write('count.vais', counterSource());
  const agent = await world.startAgent();
  const program = world.startProgram(await world.build('count.vais'));
  await world.until(agent.address, (rows) => rows.length === 1);
  await world.write('count.vais', counterSource({ word: 'wild' }));
  expect((await world.run('push', source, '--to', agent.address)).code).toBe(0);

  agent.process.kill('SIGKILL');
  await agent.process.exited;
  const { steps } = parseCount(program.lines.at(-1) ?? '');
  await program.line((line) => parseCount(line).steps > steps + 20);

  const again = await world.startAgent({ listen: agent.address });
  expect(again.address).toBe(agent.address);
  const [row] = await world.until(again.address, (rows) => rows.length === 1);
  expect(row).toMatchObject({ version: 2, desiredVersion: 2 });
  await world.write('count.vais', counterSource({ word: 'odd' }));
  expect((await world.run('push', source, '--to', again.address)).code).toBe(0);
  expect(parseCount(await program.line(runs(3))).word).toBe('odd');
  expectWholeCount(program.lines);
});

it('brings a program that the agent runs back with the last version when it is killed', async () => {
  const source = await world.write('count.vais', counterSource());
  const path = await world.build('count.vais');
  const agent = await world.startAgent({ run: `tally=${path}` });
  const [first] = await world.until(agent.address, (rows) => rows.length === 1);
  expect(first).toMatchObject({ program: 'tally', module: 'count', supervised: true });
  await world.write('count.vais', counterSource({ word: 'wild' }));
  expect((await world.run('push', source, '--to', `${agent.address}/tally`)).code).toBe(0);
  const [second] = await world.until(agent.address, ([row]) => row?.version === 2);

  process.kill(second?.pid ?? 0, 'SIGKILL');
  const [third] = await world.until(agent.address, ([row]) => row?.version === 2 && row.pid !== second?.pid);
  expect(third).toMatchObject({ digest: second?.digest, buildId: second?.buildId });
});

it('brings one push into every process of a program, and names each', async () => {
  const source = await world.write('count.vais', counterSource());
  const path = await world.build('count.vais');
  const agent = await world.startAgent();
  const programs = [world.startProgram(path), world.startProgram(path)];
  await world.until(agent.address, (rows) => rows.length === 2);
  await world.write('count.vais', counterSource({ word: 'wild' }));
  const { code, json } = await world.run('push', source, '--to', agent.address, '--json');
  expect(code).toBe(0);
  for (const event of ['loaded', 'swapped', 'confirmed']) {
    const pids = json.filter((line) => line.event === event).map(({ pid }) => pid);
    expect(pids.sort()).toEqual(programs.map(({ pid }) => pid).sort());
  }
  for (const program of programs) {
    await program.line(runs(2));
    expectWholeCount(program.lines);
  }
});

it('an agent that is told to stop ends what it runs, whatever it is doing just then', async () => {
  await world.write('count.vais', counterSource());
  const path = await world.build('count.vais');
  for (let round = 0; round < 5; round += 1) {
    const { process: agent } = await world.startAgent({ run: `tally=${path}` });
    const { pid } = await agent.event('linked'); // It writes the program's history now.
    agent.kill('SIGTERM');
    expect(await agent.exited).toEqual({ code: 0, signal: null });
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
  }
});
