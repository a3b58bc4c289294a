import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { SourceError } from '../../hot/index.ts';
import { configure, makeFolder, makeReloader, makeSource, news, startReloader } from './harness.ts';

const text = (result: number): string => `#[hot]\nF f() -> i64 { ${result} }\nF main() -> i64 { 0 }\n`;
const vaisc = [process.execPath, join(packageRoot, 'dist', 'compiler', 'main.js')];

describe('a configured compiler', () => {
  it('builds instead of the built-in one, with its own arguments', async () => {
    const file = makeSource(text(1));
    const reloader = await startReloader(configure(file).withCompiler(vaisc).withCompilerArgs(['-O1']));
    const f = reloader.getFunction('f', 'fn() -> i64');
    expect(f()).toBe(1n);
    writeFileSync(file, text(2));
    expect(await news(reloader)).toBe(1);
    expect(f()).toBe(2n);
    writeFileSync(file, 'nonsense');
    expect(await news(reloader)).toBe(-1);
    expect(reloader.error).toBeInstanceOf(SourceError);
    expect(reloader.error?.message).toMatch(/game\.vais:1:1/);
    expect(f()).toBe(2n);
  });

  it('is named when it is not there', async () => {
    const reloader = makeReloader(configure(makeSource(text(1))).withCompiler('no-such-compiler'));
    await expect(reloader.start()).rejects.toMatchObject({ code: 'toolchain_missing' });
  });

  it('is not believed when it built no library', async () => {
    const liar = join(makeFolder(), 'liar.sh');
    writeFileSync(liar, '#!/bin/sh\necho text > "$5"\n');
    chmodSync(liar, 0o755);
    const reloader = makeReloader(configure(makeSource(text(1))).withCompiler(liar));
    await expect(reloader.start()).rejects.toMatchObject({ code: 'image_invalid' });
    const idle = makeReloader(configure(makeSource(text(1))).withCompiler('true'));
    await expect(idle.start()).rejects.toMatchObject({ code: 'image_invalid' });
  });
});

describe('the built-in compiler', () => {
  it.each([['-O0'], ['-O3'], ['-g'], ['--tier=fast'], ['--tier=optimized']])('takes %s', async (arg) => {
    const reloader = await startReloader(configure(makeSource(text(7))).withCompilerArgs([arg]));
    expect(reloader.getFunction('f')()).toBe(7n);
  });

  it('links what is named beside the source', async () => {
    const folder = makeFolder();
    const extra = join(folder, 'extra.c');
    writeFileSync(extra, 'long long thrice(long long value) { return value * 3; }\n');
    const file = makeSource(
      '@[extern "C"]\nF thrice(value: i64) -> i64\n#[hot]\nF f() -> i64 { thrice(14) }\nF main() -> i64 { 0 }\n',
    );
    const reloader = await startReloader(configure(file).withCompilerArgs([extra]));
    expect(reloader.getFunction('f')()).toBe(42n);
  });
});

describe('a configuration', () => {
  it('is not changed by what is made from it', () => {
    const config = configure('game.vais');
    expect(config.withVerbose(true).withCompilerArgs(['-g']).verbose).toBe(true);
    expect([config.verbose, config.args]).toEqual([false, []]);
    expect(() => config.withDebounce(-1)).toThrow('a debounce of -1 ms');
    expect(() => config.withCompiler('')).toThrow('an empty compiler command');
  });
});
