import { TextDecoder } from 'node:util';

/** Files that people push by mistake, by their first bytes. */
const kinds: readonly (readonly [what: string, start: readonly number[]])[] = [
  ['a static library', ascii('!<arch>\n')],
  ['a script', ascii('#!')],
  ['LLVM bitcode', [0x42, 0x43, 0xc0, 0xde]],
  ['a WebAssembly module', [0x00, 0x61, 0x73, 0x6d]],
  ['a zip archive', [0x50, 0x4b, 0x03, 0x04]],
  ['a gzip file', [0x1f, 0x8b]],
  ['a zstd file', [0x28, 0xb5, 0x2f, 0xfd]],
  ['a Java class', [0xca, 0xfe, 0xba, 0xbe]],
  // An object file for Windows has no signature and begins with its machine.
  ['an object file', [0x64, 0x86]],
];

/** So many bytes of a file's start tell what it is. */
export const startBytes = 4_096;

/** What a file that is no shared library seems to be, with its article: `a text file`. */
export function describeFile(bytes: Uint8Array): string {
  if (bytes.byteLength === 0) return 'empty';
  const kind = kinds.find(([, start]) => start.every((byte, index) => bytes[index] === byte));
  if (kind !== undefined) return kind[0];
  return isText(bytes.subarray(0, startBytes)) ? 'a text file' : 'of a format that vais-remote does not know';
}

function isText(start: Uint8Array): boolean {
  if (start.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x0c))
    return false;
  try {
    // As a stream, since a character may be cut where we stopped looking.
    new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}
