import type { Place } from '../contract/contract.ts';
import { isPrintable } from '../contract/name.ts';
import type { Die } from './die.ts';
import { At } from './numbers.ts';

/**
 * Where the entry's declaration is in the source. The file is told from the folder that it was compiled in where it is inside
 * it. clang tells no columns: 1 then.
 */
export function placeOf(die: Die): Place | undefined {
  const line = die.number(At.declaredLine);
  const index = die.number(At.declaredFile);
  if (line === undefined || index === undefined || line < 1 || line >= 2 ** 31) return undefined;
  const path = die.unit.source(index);
  if (path === undefined || path === '') return undefined;
  const file = shortPath(path, die.unit.folder);
  if (file === '' || file.length > 1_000 || !isPrintable(file)) return undefined;
  const column = die.number(At.declaredColumn) ?? 1;
  return { file, line, column: column >= 1 && column < 2 ** 31 ? column : 1 };
}

function shortPath(path: string, folder: string): string {
  if (folder !== '' && path.startsWith(`${folder}/`)) return path.slice(folder.length + 1).replace(/^(?:\.\/)+/, '');
  return path.replace(/^(?:\.\/)+/, '');
}
