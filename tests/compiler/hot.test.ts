import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Session } from './support/session.ts';
import { compiled, workFolder } from './support/work.ts';

const work = workFolder();
const open: Session[] = [];
afterEach(async () => {
  for (const session of open.splice(0)) await session.close();
});

/** A program that calls `step` at each line that it is sent, and after an `r` looks for new code first. */
const main = `
F main() -> i64 {
    hot_init("./game.vais")
    state := State { n: 0, name: "none" }
    L {
        what := getchar()
        I what < 0 { B }
        I what == 'r' { getchar() }
        was := what == 'r' ? hot_reload() : hot_check()
        I was < 0 { printf("error: %s\\n", hot_error()) }
        step(&state)
        printf("n=%d name=%s v%d\\n.\\n", state.n, state.name, hot_version())
        fflush(0)
    }
    0
}
`;
const head = 'S State { n: i64, name: str }\n';

async function start(
  source: string,
  files: Record<string, string> = {},
): Promise<{ session: Session; folder: string }> {
  const folder = mkdtempSync(join(work, 'hot-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, 'game.vais'), source);
  await compiled({ file: join(folder, 'game.vais'), kind: 'program', output: join(folder, 'game') });
  const session = new Session(join(folder, 'game'), folder);
  open.push(session);
  return { session, folder };
}

async function push(folder: string, text: string, tier: 'fast' | 'optimized' = 'fast', name = 'game'): Promise<void> {
  const file = join(folder, `${name}.vais`);
  writeFileSync(file, text);
  await compiled({ file, kind: 'image', tier, output: join(folder, `lib${name}.so`) });
}

const hot = (body: string): string => `#[hot]\nF step(state: *State) { ${body} }\n`;

describe.each(['fast', 'optimized'] as const)('a new version, tier %s', (tier) => {
  it('runs with the state of the old one, its helpers new too', async () => {
    const helper = (k: number): string => `F by() -> i64 = ${k}\n`;
    const { session, folder } = await start(head + helper(1) + hot('state.n += by()') + main);
    expect((await session.ask('r')).join()).toMatch(/^n=1 name=none v\d+$/);
    await push(folder, head + helper(100) + hot('state.n += by()') + main, tier);
    expect((await session.ask('r')).join()).toMatch(/^n=101 name=none v\d+$/);
    await push(folder, head + helper(1000) + hot('state.n += by()') + main, tier);
    expect((await session.ask('r')).join()).toMatch(/^n=1101 name=none v\d+$/);
  });

  it('leaves texts behind that outlive it', async () => {
    const { session, folder } = await start(head + hot('state.n += 1') + main);
    await push(folder, `${head}${hot('state.name = "from version two"')}${main}`, tier);
    expect((await session.ask('r')).join()).toMatch(/^n=0 name=from version two v\d+$/);
    // Ten calls confirm a version: only then is it certain that what it brought stays.
    for (let call = 0; call < 10; call++) await session.ask();
    for (let version = 3; version < 8; version++) {
      await push(folder, head + hot(`state.n += ${version}`) + main, tier);
      expect((await session.ask('r'))[0]).toContain(`name=from version two`);
    }
  });

  it('finds the globals as the old one left them, and brings its own', async () => {
    const globals = 'G score: i64 = 7\n';
    const { session, folder } = await start(globals + head + hot('score += 1\nstate.n = score') + main);
    expect((await session.ask('r')).join()).toMatch(/^n=8 name=none v\d+$/);
    const more = `${globals}G bonus: i64 = 1000\n`;
    await push(folder, more + head + hot('score += 1\nbonus += 1\nstate.n = score + bonus') + main, tier);
    expect((await session.ask('r')).join()).toMatch(/^n=1010 name=none v\d+$/);
    await push(folder, more + head + hot('bonus += 1\nstate.n = bonus') + main, tier);
    expect((await session.ask('r')).join()).toMatch(/^n=1002 name=none v\d+$/);
  });

  it('adds a hot function, which old and new code can keep by address', async () => {
    const late = `S State { n: i64, name: str }\nG call: fn(i64) -> i64 = twice\n#[hot]\nF twice(x: i64) -> i64 = x * 2\n`;
    const { session, folder } = await start(late + hot('state.n = call(21)') + main);
    expect((await session.ask('r')).join()).toMatch(/^n=42 name=none v\d+$/);
    await push(folder, late.replace('x * 2', 'x * 3') + hot('state.n = call(21)\ncall = twice') + main, tier);
    expect((await session.ask('r')).join()).toMatch(/^n=63 name=none v\d+$/);
    await push(folder, late.replace('x * 2', 'x * 5') + hot('state.n = call(21)') + main, tier);
    expect((await session.ask('r')).join()).toMatch(/^n=105 name=none v\d+$/);
  });

  it('brings globals that hold texts and functions, and leaves those of the program alone', async () => {
    const kept = 'G title: str = "first"\n';
    const { session, folder } = await start(kept + head + hot('state.name = title\ntitle = "changed"') + main);
    expect((await session.ask('r')).join()).toMatch(/name=first/);
    const more = `${kept}G words: [str; 2] = ["one", "two"]\nG act: fn(*State) = step\n`;
    const body = 'state.name = words[1]\nwords[1] = title\nI state.n < 0 { act(state) }';
    await push(folder, more + head + hot(body) + main, tier);
    expect((await session.ask('r')).join()).toMatch(/name=two/);
    for (let call = 0; call < 12; call++) expect((await session.ask()).join()).toMatch(/name=changed/);
    await push(
      folder,
      more + head + hot('state.name = words[1]\nI state.n == 0 { state.n = 7; act(state) }') + main,
      tier,
    );
    expect((await session.ask('r')).join()).toMatch(/n=7 name=changed/);
  });

  it.each([
    ['a null pointer', 5, 'state.n = 99\np := 0 as *i64\n*p = 1'],
    ['a division by zero', 5, 'state.n = 99\nz := state.n - 99\nstate.n = 1 / z'],
    ['an index outside its array', 5, 'a := [1, 2, 3]\nstate.n = 99\nstate.n = a[state.n]'],
    ['a null function', 4, 'f := 0 as fn() -> i64\nstate.n = f()'],
    ['a fault in a branch', 6, 'z := state.n - 1\nI z == 0 {\nz += 1\nstate.n = 5 / (z - 1)\n}'],
  ])('that meets %s is undone, and the report says where', async (_what, line, body) => {
    const { session, folder } = await start(head + hot('state.n += 1') + main);
    expect(await session.ask()).toEqual(['n=1 name=none v1']);
    await push(folder, head + hot(body) + main, tier);
    // The old version runs the same call, so the counter goes on as if nothing had happened.
    expect((await session.ask('r')).at(-1)).toMatch(/^n=2 name=none/);
    const [report, after] = await session.ask();
    expect(after).toBe('n=3 name=none v1');
    // The fast tier keeps the line itself; the optimized one has it with debug information only.
    expect(report).toMatch(
      tier === 'fast' ? new RegExp(`^error: SIG\\w+ in step \\(game\\.vais:${line}\\)`) : /^error: SIG\w+ in step/,
    );
  });
});

describe('several modules', () => {
  it('are exchanged one by one, and call each other through the program', async () => {
    const renderer = (k: number): string => `P S Frame { count: i64 }\n#[hot]\nP F render(n: i64) -> i64 = n * ${k}\n`;
    const game = (k: number): string =>
      `U renderer\n${head}${hot(`state.n = render(${k})`)}${main.replace('hot_init("./game.vais")', 'hot_init("./game.vais")\nhot_init("./renderer.vais")')}`;
    const { session, folder } = await start(game(5), { 'renderer.vais': renderer(2) });
    expect((await session.ask('r'))[0]).toContain('n=10');
    await push(folder, renderer(3), 'fast', 'renderer');
    expect((await session.ask('r'))[0]).toContain('n=15');
    await push(folder, game(7));
    expect((await session.ask('r'))[0]).toContain('n=21');
  });
});

describe('safe points', () => {
  it('stand in loops that call hot functions when the program has none of its own', async () => {
    const { session, folder } = await start(
      `${head}${hot('state.n += 1')}
F turn(state: *State) { step(state) }
F main() -> i64 {
    hot_init("./game.vais")
    state := State { n: 0, name: "none" }
    L getchar() >= 0 {
        before := hot_version()
        turn(&state)
        printf("n=%d v%d\\n.\\n", state.n, before)
        fflush(0)
    }
    0
}`,
    );
    expect(await session.ask()).toEqual(['n=1 v1']);
    mkdirSync(join(folder, 'new'));
    writeFileSync(join(folder, 'new/game.vais'), head + hot('state.n += 1000'));
    await compiled({ file: join(folder, 'new/game.vais'), kind: 'image', output: join(folder, 'libgame.so') });
    // The runtime finds the library in its own time; the program goes on meanwhile.
    let last = '';
    while (!last.endsWith('v2')) last = (await session.ask())[0] ?? '';
    expect(Number(/n=(\d+)/.exec(last)?.[1])).toBeGreaterThan(1000);
  });
});
