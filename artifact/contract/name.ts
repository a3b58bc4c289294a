import { basename, extname } from 'node:path';
import { VaisError } from '../../common/error.ts';

const maxNameBytes = 128;

/** Control characters, invisible formatting (which can turn the direction of a terminal's line) and line separators. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** True for text that can be shown on one line of a terminal as it is. */
export function isPrintable(text: string): boolean {
  return !unprintable.test(text);
}

/** True for a name of a program or module: see `validateName`. */
export function isName(text: string): boolean {
  return complaintAbout(text) === undefined;
}

/**
 * The text, when it can name a program or module: 1 to 128 bytes of UTF-8 with no control character and no path
 * separator, and neither `.` nor `..`. Throws `usage` otherwise; `what` says whose name it is: `program`, `module`.
 */
export function validateName(what: string, text: string): string {
  const complaint = complaintAbout(text);
  if (complaint === undefined) return text;
  // As JSON and cut short, so that what is wrong with it can be seen but does no harm to a terminal.
  const shown = JSON.stringify(text.slice(0, maxNameBytes)).replace(/[^\x20-\x7e]/g, '?');
  throw new VaisError('usage', `${shown} cannot name a ${what}: it ${complaint}`, {
    hint: `A ${what}'s name has 1 to ${maxNameBytes} bytes, no control character and no path separator.`,
  });
}

/**
 * The module of a source file, as it is named everywhere: in the contract, on the link, in `libgame.so`. It is the file's
 * name without its folder and its last extension, letter for letter: `my-game` of `src/my-game.vais`. The runtime's
 * `hot_init` cuts the same.
 *
 * @throws VaisError `usage` where such a name cannot name a module
 */
export function moduleOfFile(path: string): string {
  return validateName('module', basename(path, extname(path)));
}

/** The module that a library is of, where nothing else says it: `game` of `build/libgame.so`, `libgame.so.1` and `game.dll`. */
export function moduleOfLibrary(path: string): string {
  const stem = basename(path).replace(/\.(?:so(?:\.[\d.]+)?|dylib|dll)$/, '');
  return validateName('module', stem.length > 3 ? stem.replace(/^lib/, '') : stem);
}

function complaintAbout(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (text.length > maxNameBytes || Buffer.byteLength(text) > maxNameBytes)
    return `is longer than ${maxNameBytes} bytes`;
  if (!isPrintable(text)) return 'holds a control character';
  if (/[/\\]/.test(text)) return 'holds a path separator';
  if (text === '.' || text === '..') return 'names a folder';
  return undefined;
}
