import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { parseDependencies } from '../../cli/push/native.ts';
import { SharedBuild } from '../../cli/push/shared-build.ts';

it.each([
  ['game.o: game.c word.h\n', ['game.c', 'word.h']],
  ['game.o: game.c \\\n two\\ words.h \\\r\n a\\#b.h c$$d.h\n', ['game.c', 'two words.h', 'a#b.h', 'c$d.h']],
  ['out.so: game.rs\n\ngame.rs:\n# env-dep:X\n', ['game.rs']],
  ['C:/x/game.o: C:/x/game.c\n', ['C:/x/game.c']],
  ['', []],
  ['no rule', []],
])('reads the files of %j', (text, files) => {
  expect(parseDependencies(text)).toEqual(files);
});

/** A build of a revision, ended by a test. */
function order(revision: string, signal = new AbortController().signal) {
  return { revision, triple: 'x86_64-linux-gnu' as const, options: {}, signal };
}

it('builds the same state once, for all who want it', async () => {
  const shared = new SharedBuild();
  let count = 0;
  const work = async (): Promise<number> => {
    count += 1;
    await setImmediate();
    return count;
  };
  expect(await Promise.all([shared.run(order('a'), work), shared.run(order('a'), work)])).toEqual([1, 1]);
  expect(await shared.run(order('a'), work)).toBe(1);
  expect(await shared.run(order('b'), work)).toBe(2);
  expect(await shared.run({ ...order('b'), options: { opt: 3 } }, work)).toBe(3);
});

it('ends a build that something newer outdates, before the newer one begins', async () => {
  const shared = new SharedBuild<string>();
  const log: string[] = [];
  const work =
    (name: string) =>
    (signal: AbortSignal): Promise<string> =>
      new Promise((resolve, reject) => {
        log.push(`${name} begins`);
        if (name === 'new') resolve(name);
        signal.addEventListener('abort', () => {
          log.push(`${name} ends`);
          reject(new Error('outdated'));
        });
      });
  const old = expect(shared.run(order('a'), work('old'))).rejects.toThrow('outdated');
  await setImmediate();
  expect(await shared.run(order('b'), work('new'))).toBe('new');
  await old;
  expect(log).toEqual(['old begins', 'old ends', 'new begins']);
});

it('goes on as long as one still waits for it', async () => {
  const shared = new SharedBuild<string>();
  const [first, second] = [new AbortController(), new AbortController()];
  let isStopped = false;
  let finish: (made: string) => void = () => undefined;
  const work = (signal: AbortSignal): Promise<string> =>
    new Promise((resolve) => {
      finish = resolve;
      signal.addEventListener('abort', () => {
        isStopped = true;
      });
    });
  const gone = expect(shared.run(order('a', first.signal), work)).rejects.toThrow();
  const stays = shared.run(order('a', second.signal), work);
  await setImmediate();
  first.abort();
  expect(isStopped).toBe(false);
  finish('made');
  expect(await stays).toBe('made');
  await gone;

  const alone = new AbortController();
  const ended = expect(shared.run(order('b', alone.signal), work)).rejects.toThrow();
  await setImmediate();
  alone.abort();
  expect(isStopped).toBe(true);
  finish('too late');
  await ended;
});
