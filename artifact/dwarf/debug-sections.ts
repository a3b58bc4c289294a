/**
 * `artifact/dwarf/` reads debug information, DWARF 4 and 5, and makes contracts and lists of variables of it. It may import
 * `artifact/contract`, `artifact/image` and `common/`. Read first: contract.ts.
 *
 * This file: the debug sections of an image, each decompressed when it is first asked for.
 */
import * as zlib from 'node:zlib';
import { VaisError } from '../../common/error.ts';
import type { ByteReader } from '../image/byte-reader.ts';
import { readSections, type Section } from '../image/sections.ts';

const ELFCOMPRESS_ZLIB = 1;
const ELFCOMPRESS_ZSTD = 2;
const chdrSize = 24;
/** No image of ours has more debug information; a few bytes could otherwise claim and fill all memory. */
const mostBytes = 2 ** 30;
const nothing = new Uint8Array();

export type DebugSectionName =
  | 'abbrev'
  | 'addr'
  | 'info'
  | 'line'
  | 'line_str'
  | 'rnglists'
  | 'str'
  | 'str_offsets'
  | 'types';

/** The debug sections of an image by name, without `.debug_` before it. */
export class DebugSections {
  readonly all: readonly Section[];
  readonly #file: ByteReader;
  readonly #read = new Map<string, Uint8Array>();

  /** @throws VaisError `image_invalid` where the file is no image or its table of sections is damaged */
  constructor(file: ByteReader) {
    this.#file = file;
    this.all = readSections(file);
  }

  /** Whether the image has any debug information that we can read. */
  get present(): boolean {
    return this.#find('info') !== undefined;
  }

  /** The section's bytes, empty where there is no such section. @throws VaisError `image_invalid` */
  get(name: DebugSectionName): Uint8Array {
    let bytes = this.#read.get(name);
    if (bytes === undefined) {
      const section = this.#find(name);
      bytes = section === undefined ? nothing : this.#load(section);
      this.#read.set(name, bytes);
    }
    return bytes;
  }

  has(name: string): boolean {
    return this.all.some((section) => section.name === name && section.size > 0);
  }

  #find(name: string): Section | undefined {
    // Mach-O cuts names after 16 bytes: `__debug_str_offs`.
    const names = [`.debug_${name}`, `.zdebug_${name}`, `.debug_${name}`.slice(0, 15)];
    return this.all.find((section) => section.size > 0 && names.includes(section.name));
  }

  #load({ name, offset, size, compressed }: Section): Uint8Array {
    const bytes = this.#file.slice(offset, size, `the section ${name}`);
    if (compressed) return decompressElf(bytes, name);
    if (name.startsWith('.zdebug_')) return decompressGnu(bytes, name);
    return bytes;
  }
}

function decompressElf(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes.byteLength < chdrSize) throw damagedDebug(`${name} has no room for its compression header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = Number(view.getBigUint64(8, true));
  const kind = view.getUint32(0, true);
  const packed = bytes.subarray(chdrSize);
  if (kind === ELFCOMPRESS_ZLIB) return inflate(packed, size, name);
  if (kind !== ELFCOMPRESS_ZSTD) throw damagedDebug(`${name} is compressed in the unknown way ${kind}`);
  return unzstd(packed, size, name);
}

function decompressGnu(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes.byteLength < 12 || Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== 'ZLIB')
    throw damagedDebug(`${name} does not begin with ZLIB`);
  const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(4);
  return inflate(bytes.subarray(12), Number(size), name);
}

function inflate(packed: Uint8Array, size: number, name: string): Uint8Array {
  return unpack(zlib.inflateSync, packed, size, name);
}

/** Node has zstd from 22.15 on. */
function unzstd(packed: Uint8Array, size: number, name: string): Uint8Array {
  const { zstdDecompressSync } = zlib as { zstdDecompressSync?: typeof zlib.inflateSync };
  if (zstdDecompressSync !== undefined) return unpack(zstdDecompressSync, packed, size, name);
  throw new VaisError(
    'image_invalid',
    `${name} is compressed with zstd, which this Node (${process.version}) cannot read`,
    {
      hint: 'Build with `-gz=zlib` or without `-gz`, or run vais-remote with Node 22.15 or newer.',
    },
  );
}

function unpack(by: typeof zlib.inflateSync, packed: Uint8Array, size: number, name: string): Uint8Array {
  if (size > mostBytes) throw damagedDebug(`${name} would have ${size} bytes`);
  try {
    const bytes = by(packed, { maxOutputLength: Math.max(size, 1) });
    if (bytes.byteLength === size) return bytes;
  } catch (cause) {
    throw damagedDebug(`${name} cannot be decompressed`, cause);
  }
  throw damagedDebug(`${name} is not as long as its header says`);
}

/** The error for debug information that contradicts itself. */
export function damagedDebug(what: string, cause?: unknown): VaisError {
  return new VaisError('image_invalid', `the library's debug information is damaged: ${what}`, {
    hint: 'Build it again and push it.',
    cause,
  });
}

/** The error for debug information of a kind that we do not read; `instead` says how to build. */
export function unreadableDebug(what: string, instead: string): VaisError {
  return new VaisError('image_invalid', `the library's debug information ${what}`, { hint: instead });
}
