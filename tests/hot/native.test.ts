import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { apiFunctions } from '../../hot/api.ts';
import { build } from '../../hot/build.ts';
import { HotModule } from '../../hot/module.ts';
import { configure, makeFolder, makeReloader, makeSource, news, startReloader } from './harness.ts';

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

describe('an address that Node hands out', () => {
  it('calls the version that runs', async () => {
    const text = (result: number): string => `
#[hot]
F rule(a: i64) -> i64 { a * ${result} }
#[hot]
F apply(f: fn(i64) -> i64, a: i64) -> i64 { f(a) }
F main() -> i64 { 0 }
`;
    const file = makeSource(text(2));
    const reloader = await startReloader(configure(file));
    const apply = reloader.getFunction('apply', 'fn(fn(i64) -> i64, i64) -> i64');
    const rule = reloader.getAddress('rule');
    expect(apply(rule, 21)).toBe(42n);
    writeFileSync(file, text(3));
    expect(await news(reloader)).toBe(1);
    expect(apply(rule, 21)).toBe(63n);
    expect(() => reloader.getAddress('nothing')).toThrow('no hot function nothing');
  });

  it('does not hinder a function that never ran and comes in another form', async () => {
    const base = '#[hot]\nF first() -> i64 { 1 }\nF main() -> i64 { 0 }\n';
    const withRule = (type: string): string => `${base}
#[hot]
F rule(a: ${type}) -> ${type} { a + a }
#[hot]
F use_rule(a: ${type}) -> ${type} { f := rule
 f(a) }
`;
    const folder = makeFolder();
    const file = makeSource(base);
    const make = (text: string) => {
      writeFileSync(file, text);
      return build(configure(file), folder, new AbortController().signal, () => undefined);
    };
    const module = new HotModule(new Map(), [], () => '');
    module.swap(module.prepare(await make(base)));
    module.prepare(await make(withRule('i64'))).image.unload();
    module.swap(module.prepare(await make(withRule('f64'))));
    expect(module.slot('use_rule').call(1.5)).toBe(3);
    module.close();
  });
});

describe('a source that imports another with hot functions', () => {
  const game =
    'U util\n#[hot]\nF update() -> i64 { step_ := step()\n score = score + step_\n score }\nF main() -> i64 { 0 }\n';
  const util = (step: number): string =>
    `P G score: i64 = 100\n#[hot]\nP F step() -> i64 { score = score + 1000\n ${step} }\nF main() -> i64 { 0 }\n`;

  it('needs a reloader for that, and shares its versions and globals', async () => {
    const file = makeSource(game);
    const imported = join(dirname(file), 'util.vais');
    writeFileSync(imported, util(1));
    const alone = makeReloader(configure(file));
    await expect(alone.start()).rejects.toMatchObject({ code: 'load_refused', hint: /withModule/ });
    const below = await startReloader(configure(imported));
    const above = await startReloader(configure(file).withModule(below));
    const update = above.getFunction('update', 'fn() -> i64');
    expect([update(), below.getGlobal('score')]).toEqual([1101n, 1101n]);
    writeFileSync(imported, util(5));
    expect(await news(below)).toBe(1);
    expect(update()).toBe(2106n);
    await below.close();
    expect(update).toThrow('step was called after its reloader was closed');
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
