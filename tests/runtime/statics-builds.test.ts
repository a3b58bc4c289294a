/** Modules with hundreds of variables, over compilers, linkers and levels: each keeps its value and its address. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram, hasTool, makeFolder, removeFolder } from './harness.ts';
import { counts, isPerThread, kindsOf, numbersFrom, writeModule } from './statics-generator.ts';
import { type Build, buildStatics, type Seen, StaticsHost } from './statics-host.ts';

const folder = makeFolder();
let program = '';
beforeAll(async () => {
  mkdirSync(join(folder, 'run'));
  program = await buildProgram(folder, { source: 'statics-host.c', name: 'statics-host' });
}, 120_000);
afterAll(() => removeFolder(folder));

/** Whether this compiler links with this linker here: it is tried. */
function links(compiler: string, linker: string): boolean {
  if (!hasTool(compiler)) return false;
  const probe = join(folder, 'probe.c');
  writeFileSync(probe, 'int probe;\n');
  try {
    execFileSync(compiler, ['-shared', '-fPIC', ...linker.split(' '), probe, '-o', join(folder, 'probe.so')], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

const linkers = ['-fuse-ld=bfd', '-fuse-ld=lld', '-fuse-ld=gold'];
const levels = ['-O0', '-O1', '-O2', '-O3'];
const builds = ['gcc', 'clang-14'].flatMap((compiler) =>
  linkers
    .filter((linker) => links(compiler, linker))
    .flatMap((linker) => levels.map((level) => ({ compiler, linker, level }))),
);
const count = 220;

/** What a pass of the new code made of what the old one saw. */
function expectKept(
  before: ReadonlyMap<string, Seen>,
  after: ReadonlyMap<string, Seen>,
  kept: ReadonlySet<string>,
): void {
  const moved = [...before].filter(
    ([name, { address }]) => kept.has(base(name)) && after.get(name)?.address !== address,
  );
  expect(moved.map(([name, { address }]) => `${name} was at ${address}, is at ${after.get(name)?.address}`)).toEqual(
    [],
  );
}

const base = (name: string) => name.split('.')[0] ?? name;

async function keeps(build: Build, language: 'c' | 'c++', seed: number): Promise<void> {
  const next = numbersFrom(seed);
  const blocks = build.compiler === 'gcc';
  const kinds = kindsOf(language, blocks);
  const all = Array.from({ length: count }, (_, id) => id);
  // New thread-local variables that only their file sees are refused where the compiler looks for all of them at once.
  const shared = all.filter((id) => id >= kinds * 2 || id % kinds === 7);
  const rest = all.filter((id) => !shared.includes(id));
  const module = (variables: readonly number[], step: number) =>
    buildStatics(folder, writeModule({ variables, language, step, seed: next(1 << 30), blocks }), {
      ...build,
      language,
    });
  // The second version has dropped some and has new ones; the third has all.
  const [first, second, third] = await Promise.all([
    module([...shared, ...rest.slice(0, kinds)], 1),
    module([...shared, ...rest.slice(kinds)], 10),
    module(all, 100),
  ]);
  const host = await StaticsHost.start(program, folder, first);
  try {
    await host.report();
    const one = await host.report();
    expect(one.size).toBeGreaterThanOrEqual(shared.length);
    const values = new Map([...one].filter(([name]) => counts(name, kinds)).map(([name, { value }]) => [name, value]));
    const oneThread = await host.report('new');
    expect(await host.push(second)).toBeUndefined();
    const two = await host.report();
    expectKept(one, two, new Set(shared.map((id) => `v${id}`)));
    for (const [name, value] of values)
      if (two.has(name))
        expect(`${name}=${two.get(name)?.value}`).toBe(`${name}=${value + (isPerThread(name, kinds) ? 10 : 11)}`);
    expect(await host.push(third)).toBeUndefined();
    const three = await host.report();
    expectKept(one, three, new Set(all.map((id) => `v${id}`)));
    expectKept(two, three, new Set(all.map((id) => `v${id}`)));
    for (const [name, value] of values)
      if (!two.has(name))
        expect(`${name}=${three.get(name)?.value}`).toBe(`${name}=${value + (isPerThread(name, kinds) ? 100 : 101)}`);
    const threeThread = await host.report('new');
    for (const [name, { value }] of oneThread)
      if (isPerThread(name, kinds)) expect(`${name}=${threeThread.get(name)?.value}`).toBe(`${name}=${value + 99}`);
  } finally {
    await host.close();
  }
}

describe('variables in every build', () => {
  it.each(builds)('of C: $compiler $linker $level', { timeout: 240_000 }, async ({ compiler, linker, level }) => {
    await keeps({ compiler, flags: [level, linker] }, 'c', 12);
  });

  it.each(builds.filter(({ level }) => level === '-O0' || level === '-O2'))(
    'of C++: $compiler $linker $level',
    { timeout: 240_000 },
    async ({ compiler, linker, level }) => {
      await keeps({ compiler, flags: [level, linker] }, 'c++', 34);
    },
  );
});
