import { digestOf } from './digest.ts';
import { VaisError } from './error.ts';

/**
 * State files carry a seal: the SHA-256 of what they say. A flipped bit in a number would else be believed. The form of the
 * seal is the same in all formats, so that a file of a newer format is told from a damaged one.
 */

const sealPattern = /,\n "seal": "([0-9a-f]{64})"\n\}\n$/;

/** An object as the text of a state file. It must have a field, `format`, which is a whole number. */
export function seal<File extends { readonly format: number }>(value: File): string {
  const body = JSON.stringify(value, null, 1);
  return `${body.slice(0, -2)},\n "seal": "${digestOf(body)}"\n}\n`;
}

/**
 * Reads the text of a state file.
 *
 * @param what names the file in errors
 * @param newest the newest format that the caller knows. Files of format 1 have no seal, later ones must have
 * @throws VaisError `damaged`, `wrong_format` when it is whole and of a newer format
 */
export function unseal(what: string, text: string, newest: number): Readonly<Record<string, unknown>> {
  const found = sealPattern.exec(text);
  const body = found === null ? text : `${text.slice(0, found.index)}\n}`;
  if (found !== null && digestOf(body) !== found[1])
    throw damaged(what, 'it is not what was written: its seal is broken');
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw damaged(what, text === '' ? 'it is empty' : 'it was cut off or written over');
  }
  if (typeof value !== 'object' || value === null) throw damaged(what, 'it holds something else');
  const { format } = value as { readonly format?: unknown };
  if (typeof format !== 'number' || !Number.isSafeInteger(format) || format < 1 || format > 1 !== (found !== null))
    throw damaged(what, 'its format cannot be told');
  if (format > newest)
    throw new VaisError('wrong_format', `${what} is of format ${format}, and this vais-remote knows up to ${newest}`);
  return value as Readonly<Record<string, unknown>>;
}

/** The error for a file that does not say what it should. */
export function damaged(what: string, why: string): VaisError {
  return new VaisError('damaged', `${what} is damaged: ${why}`);
}
