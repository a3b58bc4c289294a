import { ByteReader } from '../image/byte-reader.ts';
import { sweepArm64 } from './arm64.ts';
import { findDebugAddresses } from './debug.ts';
import { field } from './field.ts';
import { findFrames, findFrameTable } from './frames.ts';
import { findJumpTables } from './jump-tables.ts';
import type { ReferenceCollector } from './references.ts';
import type { Bounds, Span } from './span.ts';
import { sweepX64 } from './x64.ts';

// Names and layouts are those of <elf.h>, 64-bit.
const EM_X86_64 = 62;
const EM_AARCH64 = 183;
const PT_LOAD = 1;
const SHT_NULL = 0;
const SHT_PROGBITS = 1;
const SHT_SYMTAB = 2;
const SHT_RELA = 4;
const SHT_DYNAMIC = 6;
const SHT_NOBITS = 8;
const SHT_DYNSYM = 11;
const SHT_INIT_ARRAY = 14;
const SHT_FINI_ARRAY = 15;
const SHT_RELR = 19;
const SHT_X86_64_UNWIND = 0x70000001;
const SHF_ALLOC = 2;
const SHF_EXECINSTR = 4;
const SHN_LORESERVE = 0xff00;
const R_X86_64_JUMP_SLOT = 7;
const R_AARCH64_JUMP_SLOT = 1026;
const limit = 0x1_0000_0000;

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** Finds the references of a 64-bit little-endian ELF file, and says where its bytes go. Throws `image_invalid`. */
export function findElfReferences(bytes: Uint8Array, collector: ReferenceCollector): Span[] {
  const file = new ByteReader(bytes);
  const header = 'the ELF header';
  if (file.u8(4, header) !== 2 || file.u8(5, header) !== 1) return [];
  const { spans, bounds } = readSegments(file);
  const elf = new ElfFinder(file, spans, bounds, collector);
  elf.find(file.u16(18, header), readSections(file));
  return spans;
}

class ElfFinder {
  readonly #file: ByteReader;
  readonly #spans: readonly Span[];
  readonly #bounds: Bounds;
  readonly #collector: ReferenceCollector;
  readonly #leas: number[] = [];

  constructor(file: ByteReader, spans: readonly Span[], bounds: Bounds, collector: ReferenceCollector) {
    this.#file = file;
    this.#spans = spans;
    this.#bounds = bounds;
    this.#collector = collector;
  }

  find(machine: number, sections: readonly Section[]): void {
    const code = sections.filter(({ flags }) => (flags & SHF_EXECINSTR) !== 0);
    const codeBounds = {
      low: Math.min(...code.map(({ address }) => address)),
      high: Math.max(...code.map(({ address, size }) => address + size)),
    };
    for (const { offset, size, address } of code) {
      const end = offset + size;
      if (machine === EM_AARCH64) sweepArm64(this.#file.bytes, offset, end, address, this.#bounds, this.#collector);
      if (machine !== EM_X86_64) continue;
      const onLea = (target: number): void => {
        this.#leas.push(target);
      };
      sweepX64(this.#file.bytes, offset, end, address, this.#bounds, this.#collector, onLea);
    }
    for (const section of sections) this.#findIn(section, sections);
    const tables = sections.filter(({ type, flags }) => type === SHT_PROGBITS && (flags & ~0x32) === 0 && flags !== 0);
    for (const table of tables.filter(({ name }) => name.startsWith('.rodata'))) {
      findJumpTables(this.#file.bytes, table, this.#leas, codeBounds, this.#collector);
    }
  }

  #findIn(section: Section, sections: readonly Section[]): void {
    const { bytes } = this.#file;
    switch (section.type) {
      case SHT_RELA:
        this.#findRelocations(section);
        return;
      case SHT_RELR:
        this.#findRelr(section);
        return;
      case SHT_DYNSYM:
      case SHT_SYMTAB:
        this.#findSymbols(section, sections[section.link]);
        return;
      case SHT_DYNAMIC:
        this.#findWords(section, 16, 8);
        return;
      case SHT_INIT_ARRAY:
      case SHT_FINI_ARRAY:
        this.#findWords(section, 8, 0);
        return;
      case SHT_X86_64_UNWIND:
      case SHT_PROGBITS:
        if (section.name === '.eh_frame') findFrames(bytes, section, this.#bounds, this.#collector);
        else if (section.name === '.eh_frame_hdr') findFrameTable(bytes, section, this.#bounds, this.#collector);
        else if (section.name.startsWith('.got')) this.#findWords(section, 8, 0);
        else if (section.name.startsWith('.debug_') && (section.flags & SHF_ALLOC) === 0)
          findDebugAddresses(bytes, section, 0, this.#bounds, this.#collector);
    }
  }

  /** Elf64_Rela: where, what, addend. What stands at the place itself is a reference too, when the linker filled it. */
  #findRelocations({ offset, size }: Section): void {
    const places: number[] = [];
    for (let at = offset; at + 24 <= offset + size; at += 24) {
      const place = this.#word(at);
      const type = this.#file.u32(at + 8, 'a relocation');
      this.#add(at, place);
      this.#add(at + 16, this.#word(at + 16));
      // The slots of .got.plt are read with their section.
      if (type !== R_X86_64_JUMP_SLOT && type !== R_AARCH64_JUMP_SLOT) places.push(place);
    }
    for (const place of Float64Array.from(places).sort()) this.#findAt(place);
  }

  /** An even entry is an address; an odd one is a bitmap of the 63 words behind the last place. */
  #findRelr({ offset, size }: Section): void {
    const places: number[] = [];
    let next = 0;
    for (let at = offset; at + 8 <= offset + size; at += 8) {
      const low = this.#file.u32(at, 'a packed relocation');
      const high = this.#file.u32(at + 4, 'a packed relocation');
      if ((low & 1) === 0) {
        const place = this.#word(at);
        this.#add(at, place);
        places.push(place);
        next = place + 8;
        continue;
      }
      for (let bit = 1; bit < 64; bit += 1) {
        if ((((bit < 32 ? low : high) >>> (bit & 31)) & 1) === 1) places.push(next + (bit - 1) * 8);
      }
      next += 63 * 8;
    }
    for (const place of places) this.#findAt(place);
  }

  #findSymbols({ offset, size }: Section, names: Section | undefined): void {
    for (let at = offset; at + 24 <= offset + size; at += 24) {
      if (names !== undefined) {
        const name = this.#file.u32(at, 'a symbol');
        if (name !== 0) this.#collector.add(at, field.fileOffset32, names.offset + name, names.offset);
      }
      const section = this.#file.u16(at + 6, 'a symbol');
      if (section !== 0 && section < SHN_LORESERVE) this.#add(at + 8, this.#word(at + 8));
    }
  }

  #findWords({ offset, size }: Section, step: number, skip: number): void {
    for (let at = offset + skip; at + 8 <= offset + size; at += step) this.#add(at, this.#word(at));
  }

  #findAt(address: number): void {
    const span = this.#spans.find((one) => address >= one.address && address + 8 <= one.address + one.size);
    if (span === undefined) return;
    const at = address - span.address + span.offset;
    this.#add(at, this.#word(at));
  }

  #add(at: number, target: number): void {
    if (target === 0 || target < this.#bounds.low || target >= this.#bounds.high) return;
    this.#collector.add(at, field.absolute64, target, 0);
  }

  #word(at: number): number {
    return this.#file.u32(at, 'a word') + this.#file.u32(at + 4, 'a word') * limit;
  }
}

function readSegments(file: ByteReader): { spans: Span[]; bounds: Bounds } {
  const spans: Span[] = [];
  let [low, high] = [limit, 0];
  const table = file.u64(32, 'the ELF header');
  for (let index = 0; index < file.u16(56, 'the ELF header'); index += 1) {
    const at = table + index * 56;
    if (file.u32(at, 'a program header') !== PT_LOAD) continue;
    const span = {
      offset: file.u64(at + 8, 'a program header'),
      address: file.u64(at + 16, 'a program header'),
      size: file.u64(at + 32, 'a program header'),
    };
    file.require(span.offset, span.size, 'a segment');
    const end = span.address + file.u64(at + 40, 'a program header');
    if (end >= limit) continue;
    if (span.size > 0) spans.push(span);
    low = Math.min(low, span.address);
    high = Math.max(high, end);
  }
  return { spans, bounds: { low, high } };
}

/** The sections, or what stands for them in a file that has none: the executable segments. */
function readSections(file: ByteReader): Section[] {
  const header = 'the ELF header';
  const table = file.u64(40, header);
  const count = file.u16(60, header);
  const names = count === 0 ? 0 : file.u64(table + file.u16(62, header) * 64 + 24, 'a section header');
  return Array.from({ length: count }, (_, index): Section => {
    const at = table + index * 64;
    const type = file.u32(at + 4, 'a section header');
    const isEmpty = type === SHT_NOBITS || type === SHT_NULL;
    const section = {
      name: file.shortString(names + file.u32(at, 'a section header'), 32),
      type,
      flags: file.u32(at + 8, 'a section header'),
      address: file.u64(at + 16, 'a section header'),
      offset: isEmpty ? 0 : file.u64(at + 24, 'a section header'),
      size: isEmpty ? 0 : file.u64(at + 32, 'a section header'),
      link: file.u32(at + 40, 'a section header'),
    };
    // Of empty ones too: a loop from 2^63 to 2^63 never ends, as 2^63 and 8 is 2^63 to a double.
    file.require(section.offset, section.size, `the section ${section.name}`);
    return section;
  });
}
