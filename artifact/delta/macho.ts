import { ByteReader } from '../image/byte-reader.ts';
import { sweepArm64 } from './arm64.ts';
import { field } from './field.ts';
import { findFrames } from './frames.ts';
import { findJumpTables } from './jump-tables.ts';
import type { ReferenceCollector } from './references.ts';
import type { Bounds, Span } from './span.ts';
import { sweepX64 } from './x64.ts';

// Names and layouts are those of <mach-o/loader.h>, <mach-o/nlist.h> and <mach-o/compact_unwind_encoding.h>, 64-bit.
const MH_MAGIC_64 = 0xfeedfacf;
const CPU_TYPE_X86_64 = 0x01000007;
const CPU_TYPE_ARM64 = 0x0100000c;
const LC_SYMTAB = 0x2;
const LC_SEGMENT_64 = 0x19;
const LC_DYLD_CHAINED_FIXUPS = 0x80000034;
const S_ATTR_INSTRUCTIONS = 0x80000400;
const S_ZEROFILL = 0x1;
const N_STAB = 0xe0;
const N_SECT = 0x0e;
const limit = 0x1_0000_0000;

interface Section {
  readonly name: string;
  readonly segment: string;
  readonly address: number;
  readonly size: number;
  readonly offset: number;
  readonly flags: number;
}

/** Finds the references of a thin 64-bit Mach-O file, and says where its bytes go. Throws `image_invalid`. */
export function findMachOReferences(bytes: Uint8Array, collector: ReferenceCollector): Span[] {
  const file = new ByteReader(bytes);
  if (file.u32(0, 'the Mach-O header') !== MH_MAGIC_64) return [];
  const commands = readCommands(file);
  const segments = commands.filter(({ command }) => command === LC_SEGMENT_64);
  const spans = segments.map(({ at }) => ({
    offset: file.u64(at + 40, 'a segment'),
    address: file.u64(at + 24, 'a segment'),
    size: file.u64(at + 48, 'a segment'),
  }));
  const high = Math.max(
    0,
    ...segments.map(({ at }) => file.u64(at + 24, 'a segment') + file.u64(at + 32, 'a segment')),
  );
  if (high >= limit) return [];
  for (const { offset, size } of spans) file.require(offset, size, 'a segment');
  const finder = new MachOFinder(file, { low: 0, high }, collector);
  finder.find(
    segments.flatMap(({ at }) => readSections(file, at)),
    commands.some(({ command }) => command === LC_DYLD_CHAINED_FIXUPS),
  );
  for (const { command, at } of commands) if (command === LC_SYMTAB) finder.findSymbols(at);
  return spans;
}

function readCommands(file: ByteReader): { command: number; at: number }[] {
  const commands: { command: number; at: number }[] = [];
  const end = 32 + file.u32(20, 'the Mach-O header');
  for (let at = 32; at + 8 <= end; ) {
    const size = file.u32(at + 4, 'a load command');
    if (size < 8 || at + size > end) break;
    commands.push({ command: file.u32(at, 'a load command'), at });
    at += size;
  }
  return commands;
}

function readSections(file: ByteReader, segment: number): Section[] {
  const count = Math.min(file.u32(segment + 64, 'a segment'), 255);
  return Array.from({ length: count }, (_, index): Section => {
    const at = segment + 72 + index * 80;
    const flags = file.u32(at + 64, 'a section');
    const isEmpty = (flags & 0xff) === S_ZEROFILL;
    const section = {
      name: file.shortString(at, 16),
      segment: file.shortString(at + 16, 16),
      address: file.u64(at + 32, 'a section'),
      size: isEmpty ? 0 : file.u64(at + 40, 'a section'),
      offset: file.u32(at + 48, 'a section'),
      flags,
    };
    file.require(section.offset, section.size, `the section ${section.name}`);
    return section;
  });
}

class MachOFinder {
  readonly #file: ByteReader;
  readonly #bounds: Bounds;
  readonly #collector: ReferenceCollector;

  constructor(file: ByteReader, bounds: Bounds, collector: ReferenceCollector) {
    this.#file = file;
    this.#bounds = bounds;
    this.#collector = collector;
  }

  find(sections: readonly Section[], isChained: boolean): void {
    const { bytes } = this.#file;
    const machine = this.#file.u32(4, 'the Mach-O header');
    const leas: number[] = [];
    const onLea = (target: number): void => {
      leas.push(target);
    };
    const code = sections.filter(({ flags }) => (flags & S_ATTR_INSTRUCTIONS) !== 0);
    for (const { offset, size, address } of code) {
      const end = offset + size;
      if (machine === CPU_TYPE_ARM64) sweepArm64(bytes, offset, end, address, this.#bounds, this.#collector);
      if (machine === CPU_TYPE_X86_64) {
        sweepX64(bytes, offset, end, address, this.#bounds, this.#collector, onLea);
        // clang puts a jump table into the code, behind the function that it belongs to.
        const section = { offset, size, address };
        findJumpTables(bytes, section, leas, { low: address, high: address + size }, this.#collector);
      }
    }
    for (const section of sections) {
      if (section.name === '__eh_frame') findFrames(bytes, section, this.#bounds, this.#collector);
      else if (section.name === '__unwind_info') this.#findUnwind(section);
      else if (section.segment.startsWith('__DATA')) this.#findPointers(section, isChained);
    }
  }

  /** nlist_64: where the name is, type, section, description, address. */
  findSymbols(command: number): void {
    const table = this.#file.u32(command + 8, 'the symbol table');
    const count = this.#file.u32(command + 12, 'the symbol table');
    const names = this.#file.u32(command + 16, 'the symbol table');
    this.#file.require(table, count * 16, 'the symbol table');
    for (let at = table; at < table + count * 16; at += 16) {
      const name = this.#file.u32(at, 'a symbol');
      if (name > 1) this.#collector.add(at, field.fileOffset32, names + name, names);
      const type = this.#file.u8(at + 4, 'a symbol');
      if ((type & N_STAB) === 0 && (type & N_SECT) === N_SECT) this.#addPointer(at + 8, false);
    }
  }

  /** The first level of compact unwinding: each page's first function, and the functions that have handlers. */
  #findUnwind({ offset, size }: Section): void {
    const what = 'the unwind table';
    if (size < 28) return;
    const index = this.#file.u32(offset + 20, what);
    const count = this.#file.u32(offset + 24, what);
    this.#file.require(offset + index, count * 12, what);
    for (let at = offset + index; at < offset + index + count * 12; at += 12) this.#addOffset(at);
    if (count === 0) return;
    const handlers = this.#file.u32(offset + index + 8, what);
    const end = this.#file.u32(offset + index + (count - 1) * 12 + 8, what);
    for (let at = offset + handlers; at + 4 <= offset + Math.min(end, size); at += 4) this.#addOffset(at);
  }

  /** What looks like the address of something here is taken for a pointer. In a chain, the upper bits say other things. */
  #findPointers({ offset, size }: Section, isChained: boolean): void {
    for (let at = offset; at + 8 <= offset + size; at += 8) this.#addPointer(at, isChained);
  }

  #addPointer(at: number, isChained: boolean): void {
    const upper = this.#file.u32(at + 4, 'a pointer');
    const target = this.#file.u32(at, 'a pointer');
    if (upper !== 0 && !(isChained && upper < 0x8000_0000)) return;
    if (target >= 0x100 && target < this.#bounds.high) this.#collector.add(at, field.absolute64, target, 0);
  }

  #addOffset(at: number): void {
    const target = this.#file.u32(at, 'an address');
    if (target < this.#bounds.high) this.#collector.add(at, field.absolute32, target, 0);
  }
}
