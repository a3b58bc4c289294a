import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { HotReloadConfig } from '../../hot/index.ts';
import { configure, makeFolder, makeReloader, makeSource, news, startReloader } from './harness.ts';

const counter = (step: number): string => `
S Counter { value: i64 }
G total: i64
#[hot]
F step(counter: *Counter) -> i64 {
    counter.value = counter.value + ${step}
    total = total + 1
    total
}
F main() -> i64 { 0 }
`;
const type = 'fn(*Counter) -> i64';

/** The libraries of reloaders that this process has mapped, by their paths. */
function mapped(): string[] {
  const lines = readFileSync('/proc/self/maps', 'utf8').split('\n');
  return [...new Set(lines.filter((line) => line.includes('vais-node-')).map((line) => line.slice(73)))];
}

/** The folders of reloaders that are there. */
function folders(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('vais-node-'));
}

/** The compilers that this process has started and that are there. */
function compilers(): string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [, name = '', state, parent] =
        /^\d+ \((.*)\) (\w) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
      if (Number(parent) === process.pid && state !== 'Z' && /cc|clang|ld|as/.test(name)) found.push(name);
    } catch {
      // Gone meanwhile.
    }
  }
  return found;
}

describe.runIf(process.platform === 'linux')('300 reloads', () => {
  it('leave one mapping, no file, and the state', async () => {
    const file = makeSource(counter(1));
    const reloader = await startReloader(configure(file));
    const step = reloader.getFunction('step', type);
    const state = reloader.createStruct('Counter', { value: 'i64' });
    for (let count = 1; count <= 300; count += 1) {
      expect(step(state)).toBe(BigInt(count));
      writeFileSync(file, counter(count + 1));
      expect(await reloader.reload()).toBe(1);
    }
    expect(state.value).toBe((300n * 301n) / 2n);
    expect(reloader.version).toBe(301);
    expect(mapped()).toHaveLength(1);
    const [mine = '', ...others] = folders();
    expect(others).toEqual([]);
    expect(readdirSync(join(tmpdir(), mine))).toEqual([]);
    await reloader.close();
    expect(mapped()).toEqual([]);
    expect(folders()).toEqual([]);
    await vi.waitUntil(() => compilers().length === 0, 10_000);
  });
});

describe('close()', () => {
  it('is idempotent, and everything says afterwards that it is closed', async () => {
    const reloader = await startReloader(configure(makeSource(counter(1))));
    const step = reloader.getFunction('step', type);
    const state = reloader.createStruct('Counter');
    step(state);
    expect(reloader.close()).toBe(reloader.close());
    await reloader.close();
    await reloader[Symbol.asyncDispose]();
    expect(() => step(state)).toThrow('after its reloader was closed');
    expect(() => reloader.check()).toThrow('is closed');
    await expect(reloader.reload()).rejects.toThrow('is closed');
    await expect(reloader.start()).rejects.toThrow('started already');
    expect(state['value']).toBe(1n);
  });

  it('gives up what is being compiled and leaves nothing of it', async () => {
    const file = makeSource(counter(1));
    const reloader = await startReloader(configure(file).withCompilerArgs(['-O3']));
    writeFileSync(file, counter(2));
    const reload = reloader.reload();
    const closed = reloader.close();
    await expect(reload).rejects.toThrow('closed during the reload');
    await closed;
    expect(folders()).toEqual([]);
    expect(mapped()).toEqual([]);
    await vi.waitUntil(() => compilers().length === 0, 10_000);
  });

  it('ends a start that is under way', async () => {
    const reloader = makeReloader(configure(makeSource(counter(1))));
    const start = reloader.start();
    const closed = reloader.close();
    await expect(start).rejects.toThrow('closed before it had started');
    await closed;
    expect(folders()).toEqual([]);
  });

  it('waits below a hot function until that has returned', async () => {
    const file = makeSource(`
@[extern "C"]
F ask() -> i64
#[hot]
F outer() -> i64 { ask() + 1 }
F main() -> i64 { 0 }
`);
    let closed: Promise<void> | undefined;
    const reloader = await startReloader(
      configure(file).withFunction('ask', 'fn() -> i64', () => {
        expect(reloader.check()).toBe(0);
        closed = reloader.close();
        return 41;
      }),
    );
    expect(reloader.getFunction('outer', 'fn() -> i64')()).toBe(42n);
    await closed;
    expect(mapped()).toEqual([]);
  });
});

describe('check()', () => {
  it('exchanges nothing below a hot function', async () => {
    const text = (result: number): string => `
@[extern "C"]
F ask() -> i64
#[hot]
F outer() -> i64 { ask() * 10 + ${result} }
F main() -> i64 { 0 }
`;
    const file = makeSource(text(1));
    const statuses: number[] = [];
    const reloader = await startReloader(
      configure(file).withFunction('ask', 'fn() -> i64', () => {
        statuses.push(reloader.check());
        return reloader.version;
      }),
    );
    const outer = reloader.getFunction('outer', 'fn() -> i64');
    const other = await startReloader(configure(file).withFunction('ask', 'fn() -> i64', () => 0));
    writeFileSync(file, text(2));
    await news(other);
    expect(outer()).toBe(11n);
    expect(await news(reloader)).toBe(1);
    expect(outer()).toBe(22n);
    expect(statuses).toEqual([0, 0]);
  });

  it('is refused before the start', () => {
    const reloader = makeReloader(configure(makeSource(counter(1))));
    expect(() => reloader.check()).toThrow('has not been started');
    expect(() => reloader.getFunction('step')).toThrow('has not been started');
    expect(reloader.version).toBe(0);
  });
});

describe('two reloaders in one process', () => {
  it('share neither versions nor globals, also of one source', async () => {
    const file = makeSource(counter(1));
    const [one, two] = [await startReloader(configure(file)), await startReloader(configure(file))];
    const steps = [one, two].map((reloader) => reloader.getFunction('step', type));
    const state = one.createStruct('Counter', { value: 'i64' });
    expect(steps.map((step) => step(state))).toEqual([1n, 1n]);
    writeFileSync(file, counter(10));
    expect(await news(one)).toBe(1);
    expect(steps.map((step) => step(state))).toEqual([2n, 2n]);
    expect([one.version, two.version, state.value]).toEqual([2, 1, 13n]);
    await one.close();
    expect(steps[1]?.(state)).toBe(3n);
    expect(await news(two)).toBe(1);
    expect([steps[1]?.(state), state.value]).toEqual([4n, 24n]);
  });
});

describe('a crash in native code', () => {
  it('ends the process, as the page says', () => {
    const file = makeSource('#[hot]\nF crash(at: *i64) -> i64 { *at }\nF main() -> i64 { 0 }\n');
    const program = `
      import { HotReloadConfig, HotReloader } from 'vais-remote';
      const reloader = new HotReloader(new HotReloadConfig(process.argv[1]));
      await reloader.start();
      console.log('started');
      reloader.getFunction('crash', 'fn(*i64) -> i64')(null);
      console.log('survived');`;
    const args = ['--input-type=module', '-e', program, file];
    // A folder of its own, since it leaves one behind.
    const env = { ...process.env, TMPDIR: makeFolder() };
    const { stdout, signal } = spawnSync(process.execPath, args, { cwd: packageRoot, encoding: 'utf8', env });
    expect([stdout, signal]).toEqual(['started\n', 'SIGSEGV']);
  });
});

describe('a start', () => {
  it('names a source that is not there', async () => {
    const reloader = makeReloader(new HotReloadConfig(join(makeFolder(), 'missing.vais')));
    await expect(reloader.start()).rejects.toThrow(/missing\.vais.*does not exist/s);
  });

  it('names a foreign function that nobody has', async () => {
    const file = makeSource(
      '@[extern "C"]\nF nobody_has() -> i64\n#[hot]\nF f() -> i64 { nobody_has() }\nF main() -> i64 { 0 }\n',
    );
    const reloader = makeReloader(configure(file));
    await expect(reloader.start()).rejects.toMatchObject({
      code: 'load_refused',
      message: 'nobody has the foreign function nobody_has',
    });
  });

  it('refuses arguments that the compiler does not know, before anything is started', async () => {
    const file = makeSource(counter(1));
    const reloader = makeReloader(configure(file).withCompilerArgs(['-O2', '-Wall']));
    await expect(reloader.start()).rejects.toThrow('no argument -Wall');
    expect(folders()).toEqual([]);
  });

  it('names a folder for temporary files that cannot be used', async () => {
    const reloader = makeReloader(configure(makeSource(counter(1))));
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = join(makeFolder(), 'missing');
    try {
      await expect(reloader.start()).rejects.toMatchObject({ code: 'storage', message: /missing$/ });
    } finally {
      process.env['TMPDIR'] = before;
    }
    await reloader.start();
  });

  it.skipIf(process.platform === 'win32')('removes what a process left that ended without close()', async () => {
    const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('vais-node-'));
    const script = `import { HotReloadConfig, HotReloader } from ${JSON.stringify(join(packageRoot, 'dist/hot/index.js'))};
      await new HotReloader(new HotReloadConfig(${JSON.stringify(makeSource(counter(1)))})).start();
      process.exit(0);`;
    expect(spawnSync(process.execPath, ['--input-type=module', '-e', script]).status).toBe(0);
    const [left = ''] = folders();
    const first = await startReloader(configure(makeSource(counter(1))));
    expect(folders()).toHaveLength(2); // It might be one that just begins.
    for (const name of folders()) utimesSync(join(tmpdir(), name), 1, 1);
    const second = await startReloader(configure(makeSource(counter(1))));
    expect(folders()).toHaveLength(2); // Those of the living.
    expect(folders()).not.toContain(left);
    await first.close();
    await second.close();
    expect(folders()).toEqual([]);
  });

  it('happens once', async () => {
    const reloader = await startReloader(configure(makeSource(counter(1))));
    await expect(reloader.start()).rejects.toThrow('started already');
  });
});

describe.runIf(existsSync('/usr/bin/gcc'))('with -O2 and -g', () => {
  it('gcc builds it, and debuggers find the file as long as it is loaded', async () => {
    const file = makeSource(counter(1));
    const reloader = await startReloader(configure(file).withCompilerArgs(['-O2', '-g']));
    const [path = ''] = mapped();
    expect(existsSync(path)).toBe(true);
    expect(readFileSync(path).includes('.debug_line')).toBe(true);
    writeFileSync(file, counter(2));
    expect(await reloader.reload()).toBe(1);
    expect(existsSync(path)).toBe(false);
  });
});
