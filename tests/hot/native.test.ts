import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { apiFunctions } from '../../hot/api.ts';
import { configure, makeSource, news, startReloader } from './harness.ts';

describe('the runtime’s functions', () => {
  it('are those of hot.h, in its order', () => {
    const header = readFileSync(join(packageRoot, 'runtime', 'hot.h'), 'utf8');
    const [, table = ''] = /typedef struct hot_api \{(.*?)\} hot_api;/s.exec(header) ?? [];
    const names = Array.from(table.matchAll(/\(\*(\w+)\)\((?!long long version\))/g), ([, name]) => name);
    expect(names.filter((name) => name !== 'callback' && name !== 'update')).toEqual([...apiFunctions]);
  });

  it('answer hot functions', async () => {
    const text = (step: number): string => `
G steps: i64
#[hot]
F version() -> i64 { hot_version() }
#[hot]
F statuses() -> i64 { hot_init("./x.vais") + hot_check() + hot_reload() + hot_cleanup() + hot_state(0, 8) + hot_start("x") }
#[hot]
F error() -> str { hot_error() }
#[hot]
F tick() -> i64 { steps = steps + ${step}
 I steps < 5 { 0 } E { steps } }
#[hot]
F loop() -> i64 { hot_loop(tick) }
F main() -> i64 { 0 }
`;
    const file = makeSource(text(1));
    const reloader = await startReloader(configure(file));
    const version = reloader.getFunction('version', 'fn() -> i64');
    const error = reloader.getFunction('error', 'fn() -> str');
    expect(version()).toBe(1n);
    expect(reloader.getFunction('statuses', 'fn() -> i64')()).toBe(0n);
    expect(error()).toBe('');
    expect(reloader.getFunction('loop', 'fn() -> i64')()).toBe(5n);
    writeFileSync(file, 'nonsense');
    expect(await news(reloader)).toBe(-1);
    expect(error()).toContain('does not compile');
    writeFileSync(file, text(2));
    expect(await news(reloader)).toBe(1);
    expect([version(), error()]).toEqual([2n, '']);
  });

  it('tell a callback of native code of each reload, when it is hot', async () => {
    const text = (step: number): string => `
G told: i64
#[hot]
F reloaded(version: i64) { told = told * 10 + version + ${step} }
#[hot]
F listen() -> i64 { hot_on_reload(reloaded) }
F main() -> i64 { 0 }
`;
    const file = makeSource(text(0));
    const reloader = await startReloader(configure(file));
    reloader.getFunction('listen')();
    writeFileSync(file, text(1));
    expect(await news(reloader)).toBe(1);
    writeFileSync(file, text(2));
    expect(await news(reloader)).toBe(1);
    // The code of the version that begins to run: 2 + 1, then 3 + 2.
    expect(reloader.getGlobal('told')).toBe(35n);
  });

  it('tell one that is not hot once, as it goes with its version', async () => {
    const text = (step: number): string => `
G told: i64
F reloaded(version: i64) { told = told * 10 + version + ${step} }
#[hot]
F listen() -> i64 { hot_on_reload(reloaded) }
F main() -> i64 { 0 }
`;
    const file = makeSource(text(0));
    const reloader = await startReloader(configure(file));
    reloader.getFunction('listen')();
    for (const step of [1, 2]) {
      writeFileSync(file, text(step));
      expect(await news(reloader)).toBe(1);
    }
    expect(reloader.getGlobal('told')).toBe(2n);
  });
});

describe('an address of a hot function that native code keeps', () => {
  it('is that of whatever version runs', async () => {
    const text = (factor: number): string => `
S Table { rule: fn(i64, f64) -> f64 }
#[hot]
F rule(a: i64, b: f64) -> f64 { a as f64 * b * ${factor}.0 }
#[hot]
F keep(table: *Table) { table.rule = rule }
#[hot]
F use_it(table: *Table) -> f64 { f := table.rule
 f(2, 0.5) }
F main() -> i64 { 0 }
`;
    const file = makeSource(text(1));
    const reloader = await startReloader(configure(file));
    const table = reloader.createStruct('Table');
    reloader.getFunction('keep')(table);
    const use = reloader.getFunction('use_it', 'fn(*Table) -> f64');
    expect(use(table)).toBe(1);
    const kept = table['rule'];
    writeFileSync(file, text(3));
    expect(await news(reloader)).toBe(1);
    expect([use(table), table['rule']]).toEqual([3, kept]);
  });
});

describe('text of a version', () => {
  it('outlives it', async () => {
    const text = (word: string): string => `
S Label { text: str }
#[hot]
F name(label: *Label) { label.text = "${word}" }
F main() -> i64 { 0 }
`;
    const file = makeSource(text('first'));
    const reloader = await startReloader(configure(file));
    const label = reloader.createStruct('Label', { text: 'str' });
    const name = reloader.getFunction('name', 'fn(*Label)');
    name(label);
    writeFileSync(file, text('second'));
    expect(await news(reloader)).toBe(1);
    expect(label.text).toBe('first');
    name(label);
    expect(label.text).toBe('second');
  });
});
