import { expect, it } from 'vitest';
import { moduleOfFile } from '../../../artifact/contract/name.ts';
import { VaisError } from '../../../common/error.ts';

it.each([
  ['game.vais', 'game'],
  ['src/my-game.vais', 'my-game'],
  ['two words.vais', 'two words'],
  ['2048.vais', '2048'],
  ['größe.vais', 'größe'],
  ['游戏.c', '游戏'],
  ['a.b.vais', 'a.b'],
  ['game', 'game'],
  ['.vais', '.vais'],
  ['./game.', 'game'],
])('names the module of %j %j', (path, module) => {
  expect(moduleOfFile(path)).toBe(module);
});

it.each(['a\nb.vais', '\u202egame.vais', `${'x'.repeat(200)}.vais`, '..'])('refuses %j by name', (path) => {
  expect(() => moduleOfFile(path)).toThrow(VaisError);
  expect(() => moduleOfFile(path)).toThrow(/cannot name a module/);
});
