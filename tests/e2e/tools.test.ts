/** Compilers and linkers are found under whatever name they have, and told by what they build. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { describeWhere } from '../scenario/needs.ts';
import { counterSource, type Line, World } from './harness.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

const where = (command: string): string =>
  spawnSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).stdout.trim();
const clang = ['clang', 'clang-14', 'clang-16', 'clang-18', 'clang-19'].map(where).find((path) => path !== '') ?? '';
const [gcc, as, ld] = ['gcc', 'as', 'ld'].map(where);
const hasGcc = [gcc, as, ld].every((path) => path !== '');

/** A folder with nothing but these commands: links, and scripts. */
function folderWith(links: Readonly<Record<string, string>>, scripts: Readonly<Record<string, string>> = {}): string {
  const folder = world.path('bin');
  mkdirSync(folder);
  for (const [name, to] of Object.entries(links)) symlinkSync(to, join(folder, name));
  for (const [name, text] of Object.entries(scripts))
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return folder;
}

async function doctor(PATH: string): Promise<readonly Line[]> {
  const running = world.start(process.execPath, [join(packageRoot, 'dist/cli/main.js'), 'doctor', '--json'], { PATH });
  await running.exited;
  return running.json;
}

describeWhere('a compiler', hasGcc ? undefined : 'there is no gcc with as and ld', () => {
  it('that has the name of its version alone is found, and builds', async () => {
    const PATH = folderWith({ 'gcc-13': gcc ?? '', as: as ?? '', ld: ld ?? '' });
    await world.write('count.vais', counterSource());
    const main = join(packageRoot, 'dist/compiler/main.js');
    const built = world.start(process.execPath, [main, 'build', 'count.vais', '-o', 'count'], { PATH });
    expect(await built.exited).toEqual({ code: 0, signal: null });
    const found = (await doctor(PATH)).find(({ name }) => name === 'gcc');
    expect(found).toMatchObject({ state: 'ok', message: expect.stringContaining('(gcc-13)') });
  });

  it.each([
    ['/usr/bin/ld: cannot find crt1.o: No such file or directory', 'it has no crt1.o'],
    ['/usr/bin/ld: cannot find -lgcc', 'it has no gcc'],
    ["tcc: error: file 'crt1.o' not found", 'it has no crt1.o'],
    ["-:1: error: include file 'stdio.h' not found", 'it has no stdio.h'],
    ['-:1:10: fatal error: stdio.h: No such file or directory', 'it has no stdio.h'],
    ['cc1: error while loading shared libraries: libisl.so.23: cannot open', 'libisl.so.23'],
    ['fatal error: cannot read spec file ‘musl-gcc.specs’', 'cannot read spec file'],
  ])('that says %j is not whole, and vaisc is not at fault', async (said, what) => {
    const script = `[ "$1" = --version ] && echo 12.2.0 && exit 0; cat > /dev/null; echo ${JSON.stringify(said)} >&2; exit 1`;
    const PATH = folderWith({ cat: where('cat') }, { gcc: script });
    await world.write('count.vais', counterSource());
    const main = join(packageRoot, 'dist/compiler/main.js');
    const built = world.start(process.execPath, [main, 'build', 'count.vais', '-o', 'count'], { PATH });
    expect(await built.exited).toMatchObject({ code: 1 });
    expect(built.stderr).toContain('gcc is not whole');
    expect(built.stderr).toContain(what);
  });

  it('that is there and does not work is no compiler', async () => {
    const PATH = folderWith(
      {},
      { gcc: '[ "$1" = --version ] && echo 12.2.0 && exit 0; echo "cannot find crt1.o: no" >&2; exit 1' },
    );
    const lines = await doctor(PATH);
    expect(lines.find(({ name }) => name === 'compiler')).toMatchObject({ state: 'missing' });
    const found = lines.find(({ name }) => name === 'gcc');
    expect(found).toMatchObject({
      state: 'advice',
      message: expect.stringMatching(/a program for .*it has no crt1\.o/),
    });
  });
});

describeWhere('clang without its linker for macOS', clang === '' ? 'there is no clang' : undefined, () => {
  it('is told from one that has it, before a push needs it', async () => {
    const real = JSON.stringify(clang);
    const deaf = `case "$1" in -print-prog-name=*) echo "\${1#*=}";; *) exec ${real} "$@";; esac`;
    const links = hasGcc ? { as: as ?? '', ld: ld ?? '' } : {};
    const found = (await doctor(folderWith(links, { clang: deaf }))).find(({ name }) => name === 'clang');
    expect(found).toMatchObject({ state: 'advice', hint: 'apt-get install clang lld' });
    expect(found?.['message']).toContain('an image for aarch64-macos');
    expect(found?.['message']).toContain('no linker for x86_64-macos was found');
  });
});
