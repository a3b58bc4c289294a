import { ByteReader } from '../image/byte-reader.ts';
import { findDebugAddresses } from './debug.ts';
import { field } from './field.ts';
import { findJumpTables } from './jump-tables.ts';
import type { ReferenceCollector } from './references.ts';
import type { Bounds, Span } from './span.ts';
import { sweepX64 } from './x64.ts';

// Names and layouts are those of <winnt.h>. Addresses are counted from the image's base throughout.
const IMAGE_FILE_MACHINE_AMD64 = 0x8664;
const PE32_PLUS = 0x20b;
const IMAGE_SCN_MEM_DISCARDABLE = 0x02000000;
const IMAGE_SCN_MEM_EXECUTE = 0x20000000;
const IMAGE_REL_BASED_DIR64 = 10;
const limit = 0x1_0000_0000;

interface Section {
  readonly name: string;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
}

/** Finds the references of a DLL for x86-64, and says where its bytes go. Throws `image_invalid`. */
export function findPeReferences(bytes: Uint8Array, collector: ReferenceCollector): Span[] {
  const file = new ByteReader(bytes);
  const pe = file.u32(0x3c, 'the DOS header');
  const optional = pe + 24;
  if (file.u16(pe + 4, 'the PE header') !== IMAGE_FILE_MACHINE_AMD64) return [];
  if (file.u16(optional, 'the optional header') !== PE32_PLUS) return [];
  const sections = readSections(file, pe);
  const finder = new PeFinder(file, sections, collector, {
    low: 0x1000,
    high: file.u32(optional + 56, 'the optional header'),
  });
  finder.findCode();
  finder.findData(file.u64(optional + 24, 'the optional header'));
  const directory = (index: number): number => file.u32(optional + 112 + index * 8, 'a data directory');
  finder.findExports(directory(0));
  finder.findImports(directory(1));
  const symbols = file.u32(pe + 12, 'the PE header');
  if (symbols > 0) finder.findSymbols(symbols, file.u32(pe + 16, 'the PE header'));
  return sections.map(({ address, offset, size }) => ({ address, offset, size }));
}

function readSections(file: ByteReader, pe: number): Section[] {
  const table = pe + 24 + file.u16(pe + 20, 'the PE header');
  return Array.from({ length: file.u16(pe + 6, 'the PE header') }, (_, index): Section => {
    const at = table + index * 40;
    const section = {
      name: file.shortString(at, 8),
      address: file.u32(at + 12, 'a section'),
      size: file.u32(at + 16, 'a section'),
      offset: file.u32(at + 20, 'a section'),
      flags: file.u32(at + 36, 'a section'),
    };
    if (section.size > 0) file.require(section.offset, section.size, `the section ${section.name}`);
    return section;
  });
}

class PeFinder {
  readonly #file: ByteReader;
  readonly #sections: readonly Section[];
  readonly #collector: ReferenceCollector;
  readonly #bounds: Bounds;

  constructor(file: ByteReader, sections: readonly Section[], collector: ReferenceCollector, bounds: Bounds) {
    this.#file = file;
    this.#sections = sections;
    this.#collector = collector;
    this.#bounds = bounds;
  }

  findCode(): void {
    const { bytes } = this.#file;
    const leas: number[] = [];
    const code = this.#sections.filter(({ flags }) => (flags & IMAGE_SCN_MEM_EXECUTE) !== 0);
    const onLea = (target: number): void => {
      leas.push(target);
    };
    for (const { offset, size, address } of code) {
      sweepX64(bytes, offset, offset + size, address, this.#bounds, this.#collector, onLea);
    }
    const codeBounds = {
      low: Math.min(...code.map(({ address }) => address)),
      high: Math.max(...code.map(({ address, size }) => address + size)),
    };
    for (const section of this.#sections.filter(({ name }) => name === '.rdata')) {
      findJumpTables(bytes, section, leas, codeBounds, this.#collector);
    }
  }

  /** The table of functions for unwinding, every pointer that the base relocations name, and debug information. */
  findData(base: number): void {
    for (const section of this.#sections) {
      const { name, offset, size, flags } = section;
      if (name === '.pdata') for (let at = offset; at + 4 <= offset + size; at += 4) this.#addAt(at);
      if (name === '.reloc') this.#findPointers(offset, offset + size, base);
      else if ((flags & IMAGE_SCN_MEM_DISCARDABLE) !== 0) {
        findDebugAddresses(this.#file.bytes, section, base, this.#bounds, this.#collector);
      }
    }
  }

  #findPointers(start: number, end: number, base: number): void {
    for (let block = start; block + 8 <= end; ) {
      const page = this.#file.u32(block, 'a base relocation');
      const size = this.#file.u32(block + 4, 'a base relocation');
      if (size < 8 || block + size > end) return;
      for (let at = block + 8; at + 2 <= block + size; at += 2) {
        const entry = this.#file.u16(at, 'a base relocation');
        if (entry >> 12 !== IMAGE_REL_BASED_DIR64) continue;
        const place = this.#offsetOf(page + (entry & 0xfff));
        if (place === undefined) continue;
        const pointer = this.#file.u32(place, 'a pointer') + this.#file.u32(place + 4, 'a pointer') * limit - base;
        if (this.#owns(pointer)) this.#collector.add(place, field.absolute64, pointer, 0);
      }
      block += size;
    }
  }

  /** IMAGE_EXPORT_DIRECTORY: the name, then three tables of addresses, of which the third holds ordinals only. */
  findExports(directory: number): void {
    const at = this.#offsetOf(directory);
    if (directory === 0 || at === undefined) return;
    for (const place of [12, 28, 32, 36]) this.#addAt(at + place);
    for (const [table, count] of [
      [28, 20],
      [32, 24],
    ] as const) {
      const start = this.#offsetOf(this.#file.u32(at + table, 'the exports'));
      const length = this.#file.u32(at + count, 'the exports');
      for (let index = 0; start !== undefined && index < length; index += 1) this.#addAt(start + index * 4);
    }
  }

  /** IMAGE_IMPORT_DESCRIPTOR: two tables of addresses of names, and the library's name. */
  findImports(directory: number): void {
    let at = this.#offsetOf(directory);
    if (directory === 0 || at === undefined) return;
    for (; this.#file.u32(at + 12, 'the imports') !== 0; at += 20) {
      for (const place of [0, 12, 16]) this.#addAt(at + place);
      for (const table of [0, 16]) {
        const start = this.#offsetOf(this.#file.u32(at + table, 'the imports'));
        for (let entry = start ?? this.#file.size; entry + 8 <= this.#file.size; entry += 8) {
          if (this.#file.u32(entry, 'the imports') === 0) break;
          this.#addAt(entry);
        }
      }
    }
  }

  /** The symbols of COFF, which count from their section. */
  findSymbols(table: number, count: number): void {
    const names = table + count * 18;
    for (let index = 0; index < count; index += 1) {
      const at = table + index * 18;
      // A long name is a place in the strings behind the symbols.
      if (this.#file.u32(at, 'a symbol') === 0) {
        this.#collector.add(at + 4, field.fileOffset32, names + this.#file.u32(at + 4, 'a symbol'), names);
      }
      const section = this.#sections[this.#file.u16(at + 12, 'a symbol') - 1];
      const place = this.#file.u32(at + 8, 'a symbol');
      if (section !== undefined && place < section.size + 0x100_0000 && place !== 0) {
        this.#collector.add(at + 8, field.anchored32, section.address + place, section.address);
      }
      index += this.#file.u8(at + 17, 'a symbol'); // Its auxiliary records.
    }
  }

  #addAt(at: number): void {
    const target = this.#file.u32(at, 'an address');
    if (this.#owns(target)) this.#collector.add(at, field.absolute32, target, 0);
  }

  #owns(address: number): boolean {
    return address >= this.#bounds.low && address < this.#bounds.high;
  }

  #offsetOf(address: number): number | undefined {
    const section = this.#sections.find((one) => address >= one.address && address < one.address + one.size);
    return section && address - section.address + section.offset;
  }
}
