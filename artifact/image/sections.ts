import { damaged } from './binary.ts';
import type { ByteReader } from './byte-reader.ts';
import { isElf } from './elf.ts';
import { isMachO } from './macho.ts';
import { isPe } from './pe.ts';

// Names and layouts are those of <elf.h>, <mach-o/loader.h> and <winnt.h>, 64-bit.
const SHT_NOBITS = 8;
const SHT_NULL = 0;
const SHF_WRITE = 1;
const SHF_ALLOC = 2;
const SHF_EXECINSTR = 4;
const SHF_COMPRESSED = 0x800;
const LC_SEGMENT_64 = 0x19;
const S_ZEROFILL = 0x1;
const S_THREAD_LOCAL_ZEROFILL = 0x12;
const S_ATTR_CODE = 0x80000400;
const VM_PROT_WRITE = 2;
const IMAGE_SCN_MEM_EXECUTE = 0x20000000;
const IMAGE_SCN_MEM_WRITE = 0x80000000;
const PE32_PLUS = 0x20b;
const what = 'the table of sections';

/** A section of an image of any format. */
export interface Section {
  /** As ELF spells it: Mach-O's `__debug_info` is `.debug_info` here; every other name is as it stands in the file. */
  readonly name: string;
  /** Where it is in memory, as the linker placed it (for PE with the image's preferred base); 0 for what is not loaded. */
  readonly address: number;
  /** Bytes in memory. */
  readonly memory: number;
  /** Where it is in the file, and how many bytes of it are there. */
  readonly offset: number;
  readonly size: number;
  readonly loaded: boolean;
  readonly writable: boolean;
  readonly code: boolean;
  /** ELF's SHF_COMPRESSED: a header says how. */
  readonly compressed: boolean;
}

/** The sections of an ELF, PE or Mach-O file, in the file's order. @throws VaisError `image_invalid` */
export function readSections(file: ByteReader): Section[] {
  const start = file.slice(0, Math.min(file.size, 64), 'its header');
  if (isElf(start)) return readElfSections(file);
  if (isMachO(start)) return readMachOSections(file);
  if (isPe(start)) return readPeSections(file);
  throw damaged('it is neither ELF nor PE nor Mach-O');
}

function readElfSections(file: ByteReader): Section[] {
  const table = file.u64(40, what);
  const count = file.u16(60, what);
  if (count === 0) return [];
  if (file.u16(58, what) !== 64) throw damaged('odd section headers');
  file.require(table, count * 64, what);
  const names = file.u64(table + file.u16(62, what) * 64 + 24, what);
  return Array.from({ length: count }, (_, index): Section => {
    const at = table + index * 64;
    const type = file.u32(at + 4, what);
    const flags = file.u32(at + 8, what);
    const memory = file.u64(at + 32, what);
    return {
      name: file.shortString(names + file.u32(at, what), 64),
      address: file.u64(at + 16, what),
      memory,
      offset: file.u64(at + 24, what),
      size: type === SHT_NOBITS || type === SHT_NULL ? 0 : memory,
      loaded: (flags & SHF_ALLOC) !== 0,
      writable: (flags & SHF_WRITE) !== 0,
      code: (flags & SHF_EXECINSTR) !== 0,
      compressed: (flags & SHF_COMPRESSED) !== 0,
    };
  });
}

function readMachOSections(file: ByteReader): Section[] {
  const sections: Section[] = [];
  const count = file.u32(16, what);
  const total = file.u32(20, what);
  file.require(32, total, 'the load commands');
  for (let index = 0, at = 32; index < count; index += 1) {
    const size = file.u32(at + 4, 'a load command');
    if (size < 8 || at + size > 32 + total) throw damaged(`the load command ${index} has the size ${size}`);
    if (file.u32(at, 'a load command') === LC_SEGMENT_64) sections.push(...readSegment(file, at, size));
    at += size;
  }
  return sections;
}

function readSegment(file: ByteReader, at: number, size: number): Section[] {
  const count = file.u32(at + 64, 'a segment');
  if (72 + count * 80 > size) throw damaged(`a segment has no room for its ${count} sections`);
  const writable = (file.u32(at + 60, 'a segment') & VM_PROT_WRITE) !== 0;
  const debug = file.shortString(at + 8, 16) === '__DWARF';
  return Array.from({ length: count }, (_, index): Section => {
    const header = at + 72 + index * 80;
    const flags = file.u32(header + 64, 'a section');
    const memory = file.u64(header + 40, 'a section');
    const zero = (flags & 0xff) === S_ZEROFILL || (flags & 0xff) === S_THREAD_LOCAL_ZEROFILL;
    return {
      name: file.shortString(header, 16).replace(/^__(z?debug_)/, '.$1'),
      address: file.u64(header + 32, 'a section'),
      memory,
      offset: file.u32(header + 48, 'a section'),
      size: zero ? 0 : memory,
      loaded: !debug,
      writable,
      code: (flags & S_ATTR_CODE) !== 0,
      compressed: false,
    };
  });
}

function readPeSections(file: ByteReader): Section[] {
  const pe = file.u32(0x3c, 'the DOS header');
  const count = file.u16(pe + 6, what);
  const optional = pe + 24;
  if (file.u16(optional, what) !== PE32_PLUS) throw damaged('its optional header is not PE32+');
  const base = file.u64(optional + 24, what);
  const table = optional + file.u16(pe + 20, what);
  file.require(table, count * 40, what);
  const strings = file.u32(pe + 12, what) + file.u32(pe + 16, what) * 18;
  return Array.from({ length: count }, (_, index): Section => {
    const at = table + index * 40;
    const short = file.shortString(at, 8);
    const memory = file.u32(at + 8, what);
    const flags = file.u32(at + 36, what);
    return {
      // A name of more than eight bytes stands in the strings behind the symbols.
      name: /^\/\d+$/.test(short) ? file.shortString(strings + Number(short.slice(1)), 64) : short,
      address: base + file.u32(at + 12, what),
      memory,
      offset: file.u32(at + 20, what),
      size: Math.min(file.u32(at + 16, what), memory),
      loaded: true,
      writable: (flags & IMAGE_SCN_MEM_WRITE) !== 0,
      code: (flags & IMAGE_SCN_MEM_EXECUTE) !== 0,
      compressed: false,
    };
  });
}
