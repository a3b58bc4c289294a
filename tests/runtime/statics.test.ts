/** Variables with static storage keep their values and addresses when their library is loaded anew. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram, hasTool, makeFolder, removeFolder, until } from './harness.ts';
import { buildStatics, StaticsHost } from './statics-host.ts';

const run = promisify(execFile);
const folder = makeFolder();
let program = '';
let host: StaticsHost | undefined;

beforeAll(async () => {
  mkdirSync(join(folder, 'run'));
  program = await buildProgram(folder, { source: 'statics-host.c', name: 'statics-host' });
}, 120_000);
afterAll(() => removeFolder(folder));
afterEach(async () => {
  await host?.close();
  host = undefined;
});

const gcc = { compiler: 'gcc', flags: ['-O2'] };
const build = (body: string, how = gcc) => buildStatics(folder, `${head}${body}`, how);
const head = `#include <stdio.h>
static char said[1 << 16];
static char *end;
#define SAY(name, value, place) end += sprintf(end, " %s=%ld@%p", name, (long)(value), (void *)(place))
`;

async function start(library: string): Promise<StaticsHost> {
  host = await StaticsHost.start(program, folder, library);
  return host;
}

/** A module whose pass runs these statements. */
const module = (file: string, pass: string) => `${file}
  const char *report(void) { end = said; ${pass} return said; }`;
const counter = (type: string, more = '') =>
  module(`static ${type} counter = 7;`, `counter += 1; ${more} SAY("counter", counter, &counter);`);

describe('variables of a plain library', () => {
  it('keep value and address', async () => {
    const source = (step: number) =>
      module(
        `static int counter = 7; static int next(void) { static int n = 100; n += ${step}; SAY("n", n, &n); return n; }`,
        `counter += ${step}; SAY("counter", counter, &counter); next();`,
      );
    const running = await start(await build(source(1)));
    const first = await running.report();
    expect(first.get('counter')?.value).toBe(8);
    expect(await running.push(await build(source(10)))).toBeUndefined();
    const second = await running.report();
    expect(second.get('counter')).toEqual({ value: 18, address: first.get('counter')?.address });
    expect(second.get('n')).toEqual({ value: 111, address: first.get('n')?.address });
  });

  it('keep them whatever compiles the next version', async () => {
    const source = module(
      'static int a = 1; static int f(void) { static int n = 10; return ++n; }',
      'static int b = 100; a++; b++; SAY("a", a, &a); SAY("b", b, &b); SAY("n", f(), &a);',
    );
    const builds = [gcc, { compiler: 'clang-14', flags: ['-O2'] }, { compiler: 'gcc', flags: ['-O0'] }].filter(
      ({ compiler }) => hasTool(compiler),
    );
    const running = await start(await build(source));
    const first = await running.report();
    for (const how of builds) expect(await running.push(await build(source, how))).toBeUndefined();
    const last = await running.report();
    expect([...last]).toEqual([...first].map(([name, { value, address }]) => [name, { value: value + 1, address }]));
  });

  it('are not crossed when functions change places', async () => {
    const one = 'static int one(void) { static int n = 1; n += 2; SAY("one", n, &n); return n; }';
    const two = 'static int two(void) { static int n = 1000; n += 2; SAY("two", n, &n); return n; }';
    const running = await start(await build(module(one + two, 'one(); two();')));
    await running.report();
    expect(await running.push(await build(module(two + one, 'two(); one();')))).toBeUndefined();
    const seen = await running.report();
    expect([seen.get('one')?.value, seen.get('two')?.value]).toEqual([5, 1004]);
  });

  it('are back when a version brings them back, and constants are those of their build', async () => {
    const running = await start(await build(counter('int')));
    await running.report();
    const without = module('static const int counter = 50;', 'SAY("counter", counter, &counter);');
    expect(await running.push(await build(without))).toBeUndefined();
    expect((await running.report()).get('counter')?.value).toBe(50);
    expect(await running.push(await build(counter('int')))).toBeUndefined();
    expect((await running.report()).get('counter')?.value).toBe(9);
  });

  it.each([
    ['another type of the same size', counter('unsigned'), 'counter has another type: it was int (4 bytes)'],
    ['another size', counter('long'), 'it is long'],
    ['one for each thread', counter('__thread int'), 'counter was one for all threads'],
    [
      'another field at the same place',
      module('static struct { int a; float b; } pair = {1, 2};', 'pair.a++; SAY("pair", pair.a, &pair);'),
      'pair has another type: it was struct  {a: int @0, b: int @4}',
    ],
    [
      'one more of the same name in a function',
      module('', '{ static int n; n++; SAY("n", n, &n); } { static int n; n++; SAY("m", n, &n); }'),
      'report::n has another type: it was int (4 bytes), it is int, one of 2 of this name',
    ],
  ])('of %s are refused by name', async (_, second, reason) => {
    const first = counter('int', 'static struct { int a, b; } pair = {1, 2}; pair.a++;');
    const before = first
      .replace('static int counter', 'static struct { int a, b; } pair = {1, 2}; static int counter')
      .replace(
        'static struct { int a, b; } pair = {1, 2}; pair.a++;',
        'pair.a++; { static int n; n++; SAY("n", n, &n); } ',
      );
    const running = await start(await build(before));
    const was = await running.report();
    const refused = await running.push(await build(second));
    expect(refused).toMatchObject({ code: 'contract_changed', reason: expect.stringContaining(reason) });
    expect((await running.report()).get('counter')?.value).toBe((was.get('counter')?.value ?? 0) + 1);
  });

  it('are refused where the next version was built without the flags', async () => {
    const running = await start(await build(counter('int')));
    const plain = join(folder, 'plain.so');
    writeFileSync(join(folder, 'plain.c'), head + counter('int'));
    await run('gcc', ['-shared', '-fPIC', join(folder, 'plain.c'), '-o', plain]);
    expect(await running.push(plain)).toMatchObject({ code: 'contract_missing' });
  });

  it.each([
    { compiler: 'clang-14', flags: ['-O2'] },
    { compiler: 'gcc', flags: ['-O2', '-ftoplevel-reorder'] },
  ])('are refused by name where $compiler $flags made constants of them', async (how) => {
    if (!hasTool(how.compiler)) return;
    const running = await start(
      await build(module('static int limit = 5;', 'limit++; SAY("limit", limit, said);'), how),
    );
    await running.report();
    const reads = module('static int limit = 5;', 'SAY("limit", limit, said);');
    expect(await running.push(await build(reads, how))).toMatchObject({
      code: 'contract_changed',
      reason: expect.stringContaining('limit would lose its value'),
    });
  });

  it('take no memory for versions that bring no new ones', async () => {
    const running = await start(await build(counter('int')));
    for (let version = 2; version < 8; version += 1) {
      expect(
        await running.push(await build(counter('int', `end += sprintf(end, " step=%d", ${version});`))),
      ).toBeUndefined();
      await running.report();
      await running.report();
    }
    await until(() => running.program.mapped('libstatics').length <= 3, 'old versions are unloaded');
    expect((await running.report()).get('counter')?.value).toBe(20);
  });

  it('are reached when the program has mapped more than code can reach over', async () => {
    const running = await start(await build(counter('int')));
    const first = await running.report();
    for (let version = 2; version < 6; version += 1) {
      running.program.send('m');
      expect((await running.program.take('mapped'))['line']).toBe('mapped 6 GB');
      expect(
        await running.push(await build(counter('int', `end += sprintf(end, " step=%d", ${version});`))),
      ).toBeUndefined();
      await running.report();
    }
    expect((await running.report()).get('counter')).toEqual({ value: 13, address: first.get('counter')?.address });
  });

  it('keep an image that they point into', async () => {
    const text = (word: string) =>
      module('static const char *word = "one";', `if (word[0] == 'o') word = "${word}"; SAY("word", word[0], &word);`);
    const running = await start(await build(text('one')));
    await running.report();
    for (const word of ['ohm', 'two', 'two again', 'and again']) {
      expect(await running.push(await build(text(word)))).toBeUndefined();
      await running.report();
      await running.report();
    }
    expect((await running.report()).get('word')?.value).toBe('t'.charCodeAt(0));
  });

  it('cannot be kept by a build that optimizes the whole library, which says so', async () => {
    await expect(build(counter('int'), { compiler: 'gcc', flags: ['-O2', '-flto'] })).rejects.toThrow(/-flto/);
  });
});
