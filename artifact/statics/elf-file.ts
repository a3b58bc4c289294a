import { VaisError } from '../../common/error.ts';

// Names and layouts are those of <elf.h>, 64-bit.
export const ET_DYN = 3;
export const EM_X86_64 = 62;
export const EM_AARCH64 = 183;
export const PT_GNU_RELRO = 0x6474e552;
export const SHT_SYMTAB = 2;
export const SHT_RELA = 4;
export const SHT_NOBITS = 8;
export const SHF_WRITE = 1;
export const SHF_ALLOC = 2;
export const STT_OBJECT = 1;
export const STT_SECTION = 3;
export const STT_FILE = 4;
export const STT_TLS = 6;
export const SHN_LORESERVE = 0xff00;
export const relocationSize = 24;
export const symbolSize = 24;
export const sectionHeaderSize = 64;
const programHeaderSize = 56;

export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

export interface ElfSymbol {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly local: boolean;
  readonly section: number;
  readonly value: number;
  readonly size: number;
}

/** A 64-bit little-endian ELF file, an object or a linked one, whose bytes can be changed in place. */
export class ElfFile {
  readonly bytes: Buffer;
  readonly type: number;
  readonly machine: number;
  readonly sections: readonly ElfSection[];

  /** @throws VaisError `image_invalid` where its tables are damaged */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.type = bytes.readUInt16LE(16);
    this.machine = bytes.readUInt16LE(18);
    this.sections = this.#readSections();
  }

  /** Whether the bytes begin as such a file does. */
  static is(bytes: Uint8Array): boolean {
    return (
      bytes.length >= 64 &&
      bytes[0] === 0x7f &&
      bytes[1] === 0x45 &&
      bytes[2] === 0x4c &&
      bytes[3] === 0x46 &&
      bytes[4] === 2 &&
      bytes[5] === 1
    );
  }

  /** The file's own table of sections. */
  get sectionTable(): number {
    return this.number(40);
  }

  /** A number of 64 bits; what is beyond 2^53 loses its low bits. */
  number(at: number): number {
    return this.bytes.readUInt32LE(at) + this.bytes.readUInt32LE(at + 4) * 2 ** 32;
  }

  signed(at: number): number {
    return this.bytes.readUInt32LE(at) + this.bytes.readInt32LE(at + 4) * 2 ** 32;
  }

  /** All symbols of one table. */
  symbols(table: ElfSection): ElfSymbol[] {
    const names = this.sections[table.link];
    if (names === undefined) throw damagedElf('its symbols have no names');
    const symbols: ElfSymbol[] = [];
    for (let at = table.offset; at + symbolSize <= table.offset + table.size; at += symbolSize) {
      const info = this.bytes[at + 4] ?? 0;
      symbols.push({
        index: symbols.length,
        name: this.text(names.offset + this.bytes.readUInt32LE(at)),
        type: info & 15,
        local: info >> 4 === 0,
        section: this.bytes.readUInt16LE(at + 6),
        value: this.number(at + 8),
        size: this.number(at + 16),
      });
    }
    return symbols;
  }

  text(at: number): string {
    const end = this.bytes.indexOf(0, at);
    return this.bytes.toString('latin1', at, end === -1 ? this.bytes.length : end);
  }

  /** The range that the loader makes read-only when it is done; empty where there is none. */
  get sealed(): { readonly start: number; readonly end: number } {
    const table = this.number(32);
    const count = this.bytes.readUInt16LE(56);
    for (let index = 0; index < count; index += 1) {
      const at = table + index * programHeaderSize;
      if (at + programHeaderSize > this.bytes.length) throw damagedElf('its program headers are cut short');
      if (this.bytes.readUInt32LE(at) !== PT_GNU_RELRO) continue;
      const start = this.number(at + 16);
      return { start, end: start + this.number(at + 40) };
    }
    return { start: 0, end: 0 };
  }

  #readSections(): ElfSection[] {
    const { bytes } = this;
    const table = this.sectionTable;
    if (table === 0) return [];
    if (table + sectionHeaderSize > bytes.length) throw damagedElf('its table of sections is cut short');
    const count = bytes.readUInt16LE(60) || this.number(table + 32);
    if (table + count * sectionHeaderSize > bytes.length) throw damagedElf('its table of sections is cut short');
    const link = bytes.readUInt16LE(62);
    const namesIndex = link === 0xffff ? bytes.readUInt32LE(table + 40) : link;
    const names = this.number(table + namesIndex * sectionHeaderSize + 24);
    return Array.from({ length: count }, (_, index): ElfSection => {
      const at = table + index * sectionHeaderSize;
      const type = bytes.readUInt32LE(at + 4);
      const offset = this.number(at + 24);
      const size = this.number(at + 32);
      if (type !== SHT_NOBITS && index !== 0 && offset + size > bytes.length)
        throw damagedElf(`section ${index} ends beyond the file`);
      return {
        index,
        name: this.text(names + bytes.readUInt32LE(at)),
        type,
        flags: bytes.readUInt32LE(at + 8),
        address: this.number(at + 16),
        offset,
        size,
        link: bytes.readUInt32LE(at + 40),
        info: bytes.readUInt32LE(at + 44),
      };
    });
  }
}

export function damagedElf(what: string): VaisError {
  return new VaisError('image_invalid', `the ELF file is damaged: ${what}`, { hint: 'Build it again.' });
}
