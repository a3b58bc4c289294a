/** arm64 under qemu: the code of one build is led to the variables of another. A program cannot open modules there yet. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { compilerFamily, moduleFlags } from '../../linker/flags.ts';
import { describeWhere } from '../scenario/needs.ts';
import { makeFolder, removeFolder, runtimeFolder } from './harness.ts';
import { isPerThread, kindsOf, writeModule } from './statics-generator.ts';

const run = promisify(execFile);
const folder = makeFolder();
afterAll(() => removeFolder(folder));

const gcc = ['aarch64-linux-gnu-gcc'];
const clang = ['clang-14', '--target=aarch64-linux-gnu', '-fuse-ld=lld'];
const emulator = ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'];

/** Whether a program built so runs here: it is tried. */
function runs(compiler: readonly string[]): boolean {
  const [command = '', ...flags] = compiler;
  const [emulate = '', ...words] = emulator;
  try {
    writeFileSync(join(folder, 'probe.c'), 'int main(void) { return 0; }\n');
    execFileSync(command, [...flags, join(folder, 'probe.c'), '-o', join(folder, 'probe')], { stdio: 'ignore' });
    execFileSync(emulate, [...words, join(folder, 'probe')], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const builds = [gcc, clang]
  .filter(runs)
  .flatMap((compiler) => ['-O0', '-O2', '-O3'].map((level) => ({ compiler: compiler.join(' '), level })));

async function build(compiler: string, level: string, seed: number, step: number): Promise<string> {
  const [command = '', ...own] = compiler.split(' ');
  const { compile, link } = moduleFlags(compilerFamily(command, ''), process.env, 'aarch64');
  const kinds = kindsOf('c', false);
  const variables = Array.from({ length: 200 }, (_, id) => id).filter((id) => !isPerThread(`v${id}`, kinds));
  const home = mkdtempSync(join(folder, 'module-'));
  const base = join(home, 'module'); // a variable is known by its file
  writeFileSync(`${base}.c`, writeModule({ variables, language: 'c', step, seed, blocks: false }));
  await run(command, [...own, level, ...compile, ...link, `${base}.c`, '-o', `${base}.so`]);
  return `${base}.so`;
}

function addresses(line: string): Map<string, string> {
  return new Map([...line.matchAll(/(\S+)=-?\d+@(\S+)/g)].map(([, name = '', address = '']) => [name, address]));
}

const none = builds.length === 0 ? 'no compiler for arm64, or no qemu' : undefined;
describeWhere('variables on arm64', none, () => {
  it.each(builds)('$compiler $level', { timeout: 120_000 }, async ({ compiler, level }) => {
    const names = ['statics_list.c', 'patch.c', 'patch_posix.c'].map((name) => join(runtimeFolder, name));
    const driver = join(folder, 'driver');
    const source = join(packageRoot, 'bench', 'statics-bench.c');
    await run(gcc[0] ?? '', ['-O2', `-I${runtimeFolder}`, source, ...names, '-o', driver, '-ldl']);
    const [first, second] = await Promise.all([build(compiler, level, 1, 1), build(compiler, level, 2, 10)]);
    const [emulate = '', ...words] = emulator;
    const { stdout } = await run(emulate, [...words, driver, first, second, '1'], { maxBuffer: 1 << 24 });
    const [before, after] = ['first', 'second'].map((start) =>
      addresses(stdout.split('\n').find((line) => line.startsWith(`${start} `)) ?? ''),
    );
    expect(before?.size).toBeGreaterThan(150);
    expect(after).toEqual(before);
  });
});
