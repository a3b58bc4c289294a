import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SourceError, type VaisError } from '../../hot/index.ts';
import { configure, makeReloader, makeSource, news, startReloader } from './harness.ts';

const game = `
S GameState { frame: i64, x: i64 }
G score: i64 = 40
#[hot]
F update(state: *GameState) -> i64 {
    state.frame = state.frame + 1
    state.x = state.x + 1
    score = score + 1
    score
}
F main() -> i64 { 0 }
`;
const faster = game.replace('state.x + 1', 'state.x + 100');

async function startGame(text = game) {
  const file = makeSource(text);
  const reloader = await startReloader(configure(file));
  const update = reloader.getFunction('update', 'fn(*GameState) -> i64');
  const state = reloader.createStruct('GameState', { frame: 'i64', x: 'i64' });
  return { file, reloader, update, state };
}

function nextError(reloader: { setErrorCallback(callback: (error: VaisError) => void): void }): Promise<VaisError> {
  return new Promise((resolve) => reloader.setErrorCallback(resolve));
}

it.each(['my-game', 'two words', '2048', 'größe'])('a source may be called %j', async (name) => {
  const file = makeSource(game, `${name}.vais`);
  const reloader = await startReloader(configure(file));
  const update = reloader.getFunction('update', 'fn(*GameState) -> i64');
  const state = reloader.createStruct('GameState', { frame: 'i64', x: 'i64' });
  expect(update(state)).toBe(41n);
  writeFileSync(file, faster);
  expect(await news(reloader)).toBe(1);
  expect([update(state), state.x]).toEqual([42n, 101n]);
});

describe('a saved change', () => {
  it('takes effect at check(), and state and globals keep their values', async () => {
    const { file, reloader, update, state } = await startGame();
    expect([update(state), state.frame, state.x]).toEqual([41n, 1n, 1n]);
    expect(reloader.check()).toBe(0);
    writeFileSync(file, faster);
    expect(await news(reloader)).toBe(1);
    expect(reloader.version).toBe(2);
    expect([update(state), state.frame, state.x]).toEqual([42n, 2n, 101n]);
    expect(reloader.getGlobal('score')).toBe(42n);
    expect(reloader.check()).toBe(0);
  });

  it('runs nothing before check(), however long it has been there', async () => {
    const { file, reloader, update, state } = await startGame();
    const other = await startReloader(configure(file));
    writeFileSync(file, faster);
    expect(await news(other)).toBe(1);
    expect(update(state)).toBe(41n);
    expect(state.x).toBe(1n);
    expect(await news(reloader)).toBe(1);
    update(state);
    expect(state.x).toBe(101n);
  });

  it('is seen when an editor saves by rename, again and again', async () => {
    const { file, reloader, update, state } = await startGame();
    for (let count = 2; count < 6; count += 1) {
      const aside = join(dirname(file), '.game.vais.swp');
      writeFileSync(aside, game.replace('state.x + 1', `state.x + ${count}`));
      renameSync(aside, file);
      expect(await news(reloader)).toBe(1);
      const before = state.x;
      update(state);
      expect(state.x - before).toBe(BigInt(count));
    }
    expect(reloader.version).toBe(5);
  });

  it('may be in a file that the source imports', async () => {
    const file = makeSource('U speed\n#[hot]\nF update() -> i64 { step() }\nF main() -> i64 { 0 }\n');
    const imported = join(dirname(file), 'speed.vais');
    writeFileSync(imported, 'P F step() -> i64 { 1 }\n');
    const reloader = await startReloader(configure(file));
    const update = reloader.getFunction('update', 'fn() -> i64');
    expect(update()).toBe(1n);
    writeFileSync(imported, 'P F step() -> i64 { 2 }\n');
    expect(await news(reloader)).toBe(1);
    expect(update()).toBe(2n);
  });

  it('is told to the reload callback after the new code runs, and before check() returns', async () => {
    const { file, reloader, update, state } = await startGame();
    const order: unknown[] = [];
    reloader.setReloadCallback((path, version) => {
      update(state);
      order.push(path, version, reloader.version, state.x);
    });
    writeFileSync(file, faster);
    order.push('returned', await news(reloader));
    expect(order).toEqual([file, 2, 2, 100n, 'returned', 1]);
    expect(reloader.check()).toBe(0);
  });

  it('can bring functions and globals of its own', async () => {
    const { file, reloader } = await startGame();
    expect(() => reloader.getFunction('added')).toThrow('no hot function added');
    writeFileSync(file, `${game}G bonus: i64 = 7\n#[hot]\nF added() -> i64 { bonus = bonus + 1\n bonus }\n`);
    expect(await news(reloader)).toBe(1);
    const added = reloader.getFunction('added', 'fn() -> i64');
    expect(added()).toBe(8n);
    reloader.setGlobal('bonus', 20);
    expect(added()).toBe(21n);
    writeFileSync(file, game);
    expect(await news(reloader)).toBe(-1);
    expect(added()).toBe(22n);
  });
});

describe('what does not fit', () => {
  const changes: readonly [string, string, RegExp][] = [
    [
      'a signature',
      game.replace('state: *GameState)', 'state: *GameState, dt: f64)'),
      /update: the signature changed.*was .*\(state: \*GameState\).*is .*dt: f64.*game\.vais:5:3/s,
    ],
    ['a struct', game.replace('x: i64', 'y: i64').replaceAll('state.x', 'state.y'), /GameState: the field x changed/],
    ['a global', game.replace('G score: i64', 'G score: i32').replace('    score\n', '    0\n'), /score: the type/],
    ['a removed function', game.replace('F update', 'F renamed'), /update: the hot function was removed/],
  ];

  it.each(changes)('is refused with the difference: %s', async (_, text, words) => {
    const { file, reloader, update, state } = await startGame();
    const failed = nextError(reloader);
    writeFileSync(file, text);
    const error = await failed;
    expect(error.code).toBe('contract_changed');
    expect(error.message).toMatch(words);
    expect(update(state)).toBe(41n);
    expect(reloader.error).toBe(error);
    expect(reloader.check()).toBe(-1);
    expect(reloader.check()).toBe(0);
    expect(update(state)).toBe(42n);
    writeFileSync(file, faster);
    expect(await news(reloader)).toBe(1);
    expect(reloader.error).toBeUndefined();
    expect(reloader.version).toBe(2);
    expect([update(state), state.x]).toEqual([43n, 102n]);
  });

  it('is also a layout that only the Node program holds', async () => {
    const text = `
S Hidden { a: i64 }
#[hot]
F update() -> i64 { h := Hidden { a: 1 }
 h.a }
F main() -> i64 { 0 }
`;
    const file = makeSource(text);
    const reloader = await startReloader(configure(file));
    writeFileSync(file, text.replace('a: i64', 'b: i64, a: i64').replace('{ a: 1 }', '{ b: 2, a: 3 }'));
    expect(await news(reloader)).toBe(1);
    reloader.createStruct('Hidden', { b: 'i64', a: 'i64' });
    writeFileSync(file, text);
    expect(await news(reloader)).toBe(-1);
    expect(reloader.error?.message).toContain('Hidden: the field b changed');
  });

  it('is a layout that the program began to hold while the new one waited', async () => {
    const text = `
S Hidden { a: i64 }
#[hot]
F update() -> i64 { h := Hidden { a: 1 }
 h.a }
F main() -> i64 { 0 }
`;
    const file = makeSource(text);
    const reloader = await startReloader(configure(file));
    const other = await startReloader(configure(file));
    const next = text.replace('a: i64', 'b: i64, a: i64').replace('{ a: 1 }', '{ b: 2, a: 3 }');
    writeFileSync(file, next);
    expect(await news(other)).toBe(1);
    const hidden = reloader.createStruct('Hidden', { a: 'i64' });
    expect(await news(reloader)).toBe(-1);
    expect([reloader.version, hidden.a]).toEqual([1, 0n]);
  });
});

describe('a source that does not compile', () => {
  it('leaves the old code running, reaches the error callback, and is forgotten when it is mended', async () => {
    const { file, reloader, update, state } = await startGame();
    const failed = nextError(reloader);
    writeFileSync(file, game.replace('state.frame + 1', 'state.frame + nonsense'));
    const error = await failed;
    expect(error).toBeInstanceOf(SourceError);
    expect(error.message).toMatch(/game\.vais:6:\d+/);
    expect(error.message).toContain('nonsense');
    expect((error as SourceError).diagnostics[0]).toMatchObject({ severity: 'error', place: { line: 6 } });
    expect(update(state)).toBe(41n);
    expect(await news(reloader)).toBe(-1);
    writeFileSync(file, faster);
    expect(await news(reloader)).toBe(1);
    expect([update(state), reloader.version]).toEqual([42n, 2]);
  });

  it('throws the compiler’s messages at the start, and the reloader can be started again', async () => {
    const file = makeSource(game.replace('score + 1', 'score + missing'));
    const reloader = makeReloader(configure(file));
    const thrown = await reloader.start().catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(SourceError);
    expect((thrown as SourceError).diagnostics.length).toBeGreaterThan(0);
    expect((thrown as SourceError).message).toContain('game.vais:8');
    writeFileSync(file, game);
    await reloader.start();
    expect(reloader.version).toBe(1);
  });

  it('is no error while the burst of saves goes on', async () => {
    const { file, reloader, update, state } = await startGame();
    const errors: VaisError[] = [];
    reloader.setErrorCallback((error) => errors.push(error));
    writeFileSync(file, faster.slice(0, 60));
    writeFileSync(file, faster);
    expect(await news(reloader)).toBe(1);
    update(state);
    expect([state.x, errors]).toEqual([100n, []]);
  });
});

describe('reload()', () => {
  it('takes up what is there now: 1 for new code, 0 for the same, -1 for what is refused', async () => {
    const { file, reloader, update, state } = await startGame();
    expect(await reloader.reload()).toBe(0);
    writeFileSync(file, faster);
    expect(await reloader.reload()).toBe(1);
    update(state);
    expect([state.x, reloader.version]).toEqual([100n, 2]);
    writeFileSync(file, 'nonsense');
    expect(await reloader.reload()).toBe(-1);
    expect(reloader.error?.code).toBe('compile_failed');
    writeFileSync(file, faster);
    expect(await reloader.reload()).toBe(0);
    expect(reloader.error).toBeUndefined();
    expect(reloader.version).toBe(2);
  });

  it('forgets a change that was taken back before any check()', async () => {
    const { file, reloader } = await startGame();
    const other = await startReloader(configure(file));
    writeFileSync(file, faster);
    expect(await news(other)).toBe(1);
    writeFileSync(file, game);
    expect(await news(other)).toBe(1);
    expect(await reloader.reload()).toBe(0);
    expect([reloader.version, readFileSync(file, 'utf8')]).toEqual([1, game]);
  });
});
