import { randomBytes } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { digestOf } from '../../common/digest.ts';
import { type Agent, counterSource, parseCount, type Running, World } from './harness.ts';

let world: World;
let agent: Agent;
let program: Running;

beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

/** An agent, and a program of this source beside it. */
async function begin(source: string): Promise<void> {
  await world.write('count.vais', source);
  const path = await world.build('count.vais');
  agent = await world.startAgent();
  program = world.startProgram(path);
  await world.until(agent.address, (rows) => rows.length === 1);
}

/** A program that says something, and then comes to no safe point for a long time. */
const slow = (source: string): string => source.replace('usleep(2000)', 'sleep(60)');

it('undoes a version that crashes, and says where', async () => {
  await begin(counterSource());
  const crashing = counterSource({ word: 'wild' }).replace(
    '    count.total = count.total',
    '    none := 0 as *Count\n    none.total = 1\n    count.total = count.total',
  );
  await world.write('count.vais', crashing);
  const { code, json } = await world.run('push', 'count.vais', '--to', agent.address, '--json');
  expect(code).toBe(5);
  expect(json.find(({ event }) => event === 'reverted')).toMatchObject({
    ...{ version: 2, function: 'step', source: 'count.vais', line: 10, signal: 'SIGSEGV', undone: true },
  });
  expect(json.at(-1)).toMatchObject({ event: 'error', code: 'reverted', exit: 5 });
  const { steps } = parseCount(program.lines.at(-1) ?? '');
  await program.line((line) => parseCount(line).steps > steps + 10);
  expect(program.lines.map((line) => parseCount(line).steps)).toEqual(program.lines.map((_line, index) => index + 1));
  expect(program.lines.every((line) => parseCount(line).word === 'calm')).toBe(true);
});

it('shows the calls that led to a crash where the image knows their names, and keeps the reason', async () => {
  await begin(counterSource());
  const helpers = `
F inner(count: *Count, depth: i64) -> i64 {
    I depth > 0 { R inner(count, depth - 1) + 1 }
    none := 0 as *Count
    none.total = count.total
    0
}
F outer(count: *Count) -> i64 { inner(count, 3) + 1 }
`;
  const crashing = counterSource({ extra: helpers }).replace(
    '    count.total =',
    '    outer(count)\n    count.total =',
  );
  await world.write('count.vais', crashing);
  const place = `count.vais:${crashing.split('\n').findIndex((line) => line.includes('none.total')) + 1}`;
  const options = ['push', 'count.vais', '--to', agent.address, '--tier=optimized', '-O0'];
  const { code, stderr } = await world.run(...options);
  expect(code).toBe(5);
  expect(stderr).toContain('SIGSEGV in step');
  const calls = [...stderr.matchAll(/^ {2}at (\w+)/gm)].map(([, name]) => name);
  expect(calls).toEqual(expect.arrayContaining(['inner', 'outer', 'step']));
  expect(calls.indexOf('inner')).toBeLessThan(calls.indexOf('outer'));
  expect(calls.indexOf('outer')).toBeLessThan(calls.indexOf('step'));
  const { json } = await world.run('history', '--to', agent.address, '--json');
  expect(json.at(-1)).toMatchObject({ version: 2, outcome: 'reverted', reason: { code: 'reverted' } });
  expect(JSON.stringify(json.at(-1)?.['reason'])).toContain('SIGSEGV in step');
  // The fast tier has no symbol table, and says the source line instead.
  const fast = await world.run(...options.slice(0, -2));
  expect(fast.stderr).toContain(place);
});

it('says of which program, module or lineage there is no history', async () => {
  await begin(counterSource());
  await program.line(() => true);
  const to = ['history', '--to', agent.address];
  const module = await world.run(...to, '--module', 'zip');
  expect(module.code).toBe(6);
  expect(module.stderr).toContain('count has no module zip; it has count');
  const other = await world.run('history', '--to', `${agent.address}/nope`);
  expect(other.code).toBe(6);
  expect(other.stderr).toContain('there is no program nope here; connected are `count`');
  const line = await world.run(...to, '--lineage', '3');
  expect(line.code).toBe(4);
  expect(line.stderr).toContain('It has one: leave out --lineage.');
});

it('ends with 8 when the program comes to no safe point in time, and says what to look at', async () => {
  await begin(slow(counterSource()));
  await program.line(() => true);
  await world.write('count.vais', slow(counterSource({ word: 'wild' })));
  const { code, json } = await world.run('push', 'count.vais', '--to', agent.address, '--timeout', '3', '--json');
  expect(code).toBe(8);
  expect(json.find(({ event }) => event === 'waiting')).toMatchObject({ thread: program.pid, threadName: 'count' });
  const error = json.at(-1);
  expect(error).toMatchObject({ event: 'error', code: 'timed_out', exit: 8 });
  expect(error?.['message']).toContain('safe point');
  expect(error?.['message']).toContain(`thread ${program.pid} (count) of count is in no hot function`);
  expect(error?.['hint']).toContain('hot_check()');
});

it('names the function that a swap waits for', async () => {
  const stuck = (word: string): string => counterSource({ word }).replace('fflush(0)', 'fflush(0)\n    sleep(60)');
  await begin(stuck('calm'));
  await program.line(() => true);
  await world.write('count.vais', stuck('wild'));
  const { code, stdout, stderr } = await world.run('push', 'count.vais', '--to', agent.address, '--timeout', '3');
  expect(code).toBe(8);
  expect(stdout).toContain(`thread ${program.pid} (count) of count sits in step`);
  expect(stderr).toContain(`thread ${program.pid} (count) of count sits in step`);
  expect(stderr).toContain('when that call returns');
});

it('lets a newer save take the place of one that has not swapped yet', async () => {
  await begin(counterSource().replace('usleep(2000)', 'usleep(1500000)'));
  const save = (word: string): Promise<string> =>
    world.write('count.vais', counterSource({ word }).replace('usleep(2000)', 'usleep(1500000)'));
  const watching = world.remote('watch', 'count.vais', '--to', agent.address, '--json');
  await watching.event('watching');
  await save('wild');
  await watching.event('loaded');
  await save('odd');
  expect(await watching.event('superseded')).toMatchObject({ push: 1, reason: { code: 'superseded' } });
  expect(await watching.event('done')).toMatchObject({ push: 2, version: 2 });
  await program.line((line) => parseCount(line).word === 'odd');
  expect(program.lines.some((line) => parseCount(line).word === 'wild')).toBe(false);
  expect(watching.json.filter(({ event }) => event === 'error')).toEqual([]);
});

it('sends a large library in pieces, once', async () => {
  await begin(counterSource());
  await world.write('count.vais', counterSource({ word: 'wild' }));
  expect((await world.vaisc('build', '--hot', 'count.vais')).code).toBe(0);
  await appendFile(world.path('libcount.so'), randomBytes(3 * 1024 * 1024));
  const first = await world.run('push', 'libcount.so', '--to', agent.address, '--json');
  expect(first.code, first.stderr).toBe(0);
  const [row] = await world.until(agent.address, ([found]) => found?.version === 2);
  expect(row?.digest).toBe(digestOf(await readFile(world.path('libcount.so'))));
  expect((await world.run('rollback', '--to', agent.address)).code).toBe(0);
  // The agent has it: the offer is enough.
  const again = await world.run('push', 'libcount.so', '--to', agent.address, '--json');
  expect(again.json.at(-1)).toMatchObject({ event: 'done', version: 4 });
});

it('says in the status what the program registered to be put back with an undone call', async () => {
  await begin(counterSource().replace('    L true {', '    hot_state(&count as i64, 16)\n    L true {'));
  const [row] = await world.until(agent.address, ([found]) => found?.registered.count === 1);
  expect(row?.registered).toEqual({ count: 1, bytes: 16 });
  const { json } = await world.run('status', '--to', agent.address, '--json');
  expect(json.at(-1)).toMatchObject({ event: 'status', registered: { count: 1, bytes: 16 } });
  const { stdout } = await world.run('status', '--to', agent.address);
  expect(stdout).toContain(`count (pid ${program.pid}) has registered 1 piece of state with hot_state, 16 bytes`);
});

it('tells of the pushes of others', async () => {
  await begin(counterSource());
  const events = world.remote('events', '--to', `${agent.address}/count`, '--json');
  const word = (count: number): string => (count % 2 === 0 ? 'wild' : 'odd');
  // The listener may be late for the first: it hears the next.
  for (let count = 0; events.lines.length < 2; count += 1) {
    await world.write('count.vais', counterSource({ word: word(count) }));
    expect((await world.run('push', 'count.vais', '--to', agent.address)).code).toBe(0);
  }
  const confirmed = await events.event('confirmed');
  expect(confirmed).toMatchObject({ program: 'count', module: 'count', pid: program.pid });
  expect(confirmed['at']).toMatch(/^\d{4}-/);
  events.kill('SIGINT');
  expect(await events.exited).toEqual({ code: 0, signal: null });
});

it('builds as it is told: optimized, with debug information, in a tier', async () => {
  await begin(counterSource());
  for (const [index, options] of [['-O3'], ['-g'], ['--tier', 'fast'], ['--tier', 'optimized', '-O1']].entries()) {
    await world.write('count.vais', counterSource({ word: `word${index}` }));
    const pushed = await world.run('push', 'count.vais', '--to', agent.address, '--json', ...options);
    expect(pushed.code, pushed.stderr).toBe(0);
    const tier = pushed.json.find(({ event }) => event === 'compiled')?.['tier'];
    expect(tier).toBe(options.includes('fast') ? 'fast' : 'optimized');
    await program.line((line) => parseCount(line).word === `word${index}`);
  }
});
