import { VaisError } from '../../common/error.ts';
import { type Binary, damaged, imageSymbol, notALibrary, unknownPlatform } from './binary.ts';
import type { ByteReader } from './byte-reader.ts';
import type { Triple } from './triple.ts';

// Names and layouts are those of <mach-o/loader.h> and <mach-o/nlist.h>, 64-bit.
const MH_MAGIC_64 = 0xfeedfacf;
const MH_MAGIC = 0xfeedface;
const FAT_MAGIC = 0xcafebabe;
const FAT_MAGIC_64 = 0xcafebabf;
const MH_DYLIB = 6;
const MH_BUNDLE = 8;
const LC_SYMTAB = 0x2;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
const N_TYPE = 0x0e;
const N_STAB = 0xe0;
const N_PEXT = 0x10;
const N_EXT = 0x01;
const S_ZEROFILL = 0x1;
const headerSize = 32;
const segmentSize = 72;
const sectionSize = 80;
const symbolSize = 16;

const machines: Readonly<Record<number, Triple>> = { 16777223: 'x86_64-macos', 16777228: 'aarch64-macos' };
const kinds: Readonly<Record<number, string>> = { 1: 'an object file', 2: 'an executable', 4: 'a core dump' };

/** Whether the file begins as Mach-O does, thin or fat, of either width and byte order. */
export function isMachO(bytes: Uint8Array): boolean {
  const magic = bigEndian(bytes, 0);
  // A Java class begins like a fat Mach-O; where that one counts its slices, it has a version, which is 45 or more.
  if (magic === FAT_MAGIC) return bigEndian(bytes, 4) < 45;
  return [FAT_MAGIC_64, MH_MAGIC_64, MH_MAGIC, swapped(MH_MAGIC_64), swapped(MH_MAGIC)].includes(magic);
}

/**
 * Reads a shared library for macOS. Throws `image_invalid` or `wrong_platform`. On arm64 the system ends a process that loads
 * code without a signature, so one is required; an ad-hoc one, as linkers make it, will do.
 */
export function readMachO(file: ByteReader): Binary {
  const triple = readTriple(file);
  const kind = file.u32(12, 'the Mach-O header');
  if (kind !== MH_DYLIB && kind !== MH_BUNDLE) throw notALibrary(kinds[kind] ?? `a Mach-O file of type ${kind}`);
  let contract: Uint8Array | undefined;
  let exported: boolean | undefined;
  let signed = false;
  for (const { command, at, size } of readCommands(file)) {
    if (command === LC_SEGMENT_64) contract = readSegment(file, at, size) ?? contract;
    if (command === LC_CODE_SIGNATURE) signed = requireSignature(file, at, size);
    if (command !== LC_SYMTAB) continue;
    // One table only: a file could otherwise name itself as a table a thousand times.
    if (exported !== undefined) throw damaged('it has two symbol tables');
    exported = exportsImage(file, at);
  }
  if (!signed && triple === 'aarch64-macos') {
    throw new VaisError('image_invalid', 'the library has no signature, and macOS on arm64 loads none without', {
      hint: 'Sign it: `codesign --sign - FILE` on a Mac. Linkers do it unless told otherwise; `strip` takes it away.',
    });
  }
  return { format: 'macho', triples: [triple], contract, exportsImage: exported === true };
}

function readTriple(file: ByteReader): Triple {
  const magic = file.u32(0, 'the Mach-O header');
  if (magic === swapped(FAT_MAGIC) || magic === swapped(FAT_MAGIC_64)) {
    throw notALibrary(
      'a fat Mach-O, which holds several libraries',
      'Push the one for the target: `lipo -thin arm64 -output NEW FILE`.',
    );
  }
  if (magic === MH_MAGIC) throw unknownPlatform('32-bit macOS');
  if (magic !== MH_MAGIC_64) throw unknownPlatform('big-endian macOS');
  const machine = file.u32(4, 'the Mach-O header');
  const triple = machines[machine];
  if (triple === undefined) throw unknownPlatform(`macOS on machine number ${machine}`);
  return triple;
}

function* readCommands(file: ByteReader): Generator<{ command: number; at: number; size: number }> {
  const count = file.u32(16, 'the Mach-O header');
  const total = file.u32(20, 'the Mach-O header');
  file.require(headerSize, total, 'the load commands');
  let at = headerSize;
  for (let index = 0; index < count; index += 1) {
    const command = file.u32(at, 'a load command');
    const size = file.u32(at + 4, 'a load command');
    if (size < 8 || at + size > headerSize + total) throw damaged(`the load command ${index} has the size ${size}`);
    yield { command, at, size };
    at += size;
  }
}

/** Checks that the signature lies inside the file. Whether it is right, the system says when it loads the file. */
function requireSignature(file: ByteReader, at: number, size: number): true {
  const what = 'the code signature';
  if (size < 16) throw damaged(`${what} has no room for its place`);
  file.require(file.u32(at + 8, what), file.u32(at + 12, what), what);
  return true;
}

/** Checks that the segment lies inside the file, and gives the contract's section when it is in there. */
function readSegment(file: ByteReader, at: number, size: number): Uint8Array | undefined {
  const name = file.shortString(at + 8, 16);
  const what = `the segment ${name}`;
  if (size < segmentSize) throw damaged(`${what} has no room for its header`);
  file.require(file.u64(at + 40, what), file.u64(at + 48, what), what);
  const count = file.u32(at + 64, what);
  if (segmentSize + count * sectionSize > size) throw damaged(`${what} has no room for its ${count} sections`);
  let contract: Uint8Array | undefined;
  for (let index = 0; index < count; index += 1) {
    const header = at + segmentSize + index * sectionSize;
    const section = `the section ${name},${file.shortString(header, 16)}`;
    if ((file.u32(header + 64, section) & 0xff) === S_ZEROFILL) continue;
    const [offset, length] = [file.u32(header + 48, section), file.u64(header + 40, section)];
    file.require(offset, length, section);
    if (section === 'the section __DATA,__vais_contract') contract = file.slice(offset, length, section);
  }
  return contract;
}

function exportsImage(file: ByteReader, at: number): boolean {
  const what = 'the symbol table';
  const table = file.u32(at + 8, what);
  const count = file.u32(at + 12, what);
  const names = file.u32(at + 16, what);
  file.require(table, count * symbolSize, what);
  file.require(names, file.u32(at + 20, what), 'the table of symbol names');
  for (let entry = table; entry < table + count * symbolSize; entry += symbolSize) {
    const type = file.u8(entry + 4, what);
    const isExported = (type & N_EXT) !== 0 && (type & (N_STAB | N_PEXT)) === 0;
    if (!isExported || (type & N_TYPE) === 0) continue;
    // C's names begin with an underscore there.
    if (file.holdsString(names + file.u32(entry, what), `_${imageSymbol}`)) return true;
  }
  return false;
}

function bigEndian(bytes: Uint8Array, at: number): number {
  if (bytes.byteLength < at + 4) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}

function swapped(magic: number): number {
  return (((magic & 0xff) << 24) | ((magic & 0xff00) << 8) | ((magic >>> 8) & 0xff00) | (magic >>> 24)) >>> 0;
}
