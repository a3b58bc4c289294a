import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TreeWatcher } from '../../common/watch/tree-watcher.ts';

let folder: string;
let watcher: TreeWatcher;
let changes: number;
let wake: () => void;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vais-tree-'));
  mkdirSync(join(folder, 'src'));
  write('src/game.c', '1');
  changes = 0;
  wake = () => undefined;
  watcher = await TreeWatcher.start([folder], { debounceMs: 20, except: [join(folder, 'out.c')] }, () => {
    changes += 1;
    wake();
  });
});
afterEach(async () => {
  await watcher.close();
  rmSync(folder, { recursive: true });
});

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const change = async (after: number): Promise<void> => {
  while (changes <= after)
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
};

it('sees sources, in folders that come too, and nothing else', async () => {
  write('src/game.c', 'longer');
  await change(0);
  mkdirSync(join(folder, 'new'));
  write('new/more.h', '1');
  await change(1);
  const before = changes;
  mkdirSync(join(folder, 'build'));
  for (const name of ['build/gen.c', 'notes.txt', 'data.json', 'out.c', '.hidden.swp']) write(name, 'x');
  watcher.look();
  expect(changes).toBe(before);
  write('src/game.c', 'and once more');
  await change(before);
});

it('tells apart what builds write from what people do', async () => {
  for (const round of ['one', 'other']) {
    watcher.building();
    write('src/gen.h', round.padEnd(round.length + 5, '.'));
    watcher.built();
  }
  expect(watcher.isUnsure).toBe(false);
  const before = changes;
  watcher.building();
  write('src/gen.h', 'written by the third build, and longer');
  watcher.look();
  watcher.built();
  watcher.look();
  expect(changes).toBe(before);
  write('src/gen.h', 'written by a person this time, longer than ever before');
  await change(before);
});
