import { damaged } from './binary.ts';
import { ByteReader } from './byte-reader.ts';
import { isElf } from './elf.ts';
import { isMachO } from './macho.ts';
import type { Section } from './sections.ts';

// Names and layouts are those of <elf.h>, <mach-o/nlist.h> and Microsoft's "PE Format", 64-bit.
const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;
const STT_OBJECT = 1;
const STT_FUNC = 2;
const STB_GLOBAL = 1;
const LC_SYMTAB = 0x2;
const N_SECT = 0x0e;
const N_TYPE = 0x0e;
const N_STAB = 0xe0;
const N_PEXT = 0x10;
const N_EXT = 0x01;
const N_WEAK_DEF = 0x80;
const maxName = 4_096;
const what = 'the symbol table';

/** A function or variable that an image defines and names. */
export interface ImageSymbol {
  /** As C spells it: without Mach-O's underscore. */
  readonly name: string;
  /** As in `Section`. */
  readonly address: number;
  readonly kind: 'function' | 'variable';
  /** Whether the loader finds it by its name. */
  readonly exported: boolean;
  /** One of several equal ones: an inline function, a template's. */
  readonly weak: boolean;
  readonly section: Section;
}

/**
 * The symbols that the image defines: `exported` leaves out a table of those that it does not export, which is large.
 *
 * @throws VaisError `image_invalid`
 */
export function readSymbols(file: ByteReader, sections: readonly Section[], which: 'all' | 'exported'): ImageSymbol[] {
  const start = file.slice(0, Math.min(file.size, 64), 'its header');
  if (isElf(start)) return readElfSymbols(file, sections, which);
  return isMachO(start) ? readMachOSymbols(file, sections) : readPeExports(file, sections);
}

function readElfSymbols(file: ByteReader, sections: readonly Section[], which: 'all' | 'exported'): ImageSymbol[] {
  const table = file.u64(40, what);
  const symbols: ImageSymbol[] = [];
  const places = (which === 'all' ? [SHT_DYNSYM, SHT_SYMTAB] : [SHT_DYNSYM]).flatMap((type) =>
    sections.map((_, index) => table + index * 64).filter((at) => file.u32(at + 4, what) === type),
  );
  for (const header of places) {
    const exported = file.u32(header + 4, what) === SHT_DYNSYM;
    const names = sections[file.u32(header + 40, what)];
    const from = file.u64(header + 24, what);
    const size = file.u64(header + 32, what);
    if (names === undefined) throw damaged('its symbols have no names');
    const entries = new ByteReader(file.slice(from, size, what));
    const texts = file.slice(names.offset, names.size, what);
    for (let at = 0; at + 24 <= size; at += 24) {
      const info = entries.u8(at + 4, what);
      const type = info & 15;
      if (type !== STT_FUNC && type !== STT_OBJECT) continue;
      const section = sections[entries.u16(at + 6, what)];
      if (section === undefined || !section.loaded) continue;
      symbols.push({
        name: textAt(texts, entries.u32(at, what)),
        address: entries.u64(at + 8, what),
        kind: type === STT_FUNC ? 'function' : 'variable',
        exported: exported && info >> 4 !== 0 && (entries.u8(at + 5, what) & 3) === 0,
        weak: info >> 4 !== STB_GLOBAL,
        section,
      });
    }
  }
  return symbols;
}

function readMachOSymbols(file: ByteReader, sections: readonly Section[]): ImageSymbol[] {
  const symbols: ImageSymbol[] = [];
  const count = file.u32(16, what);
  for (let index = 0, at = 32; index < count; index += 1) {
    const size = file.u32(at + 4, 'a load command');
    if (size < 8) throw damaged(`the load command ${index} has the size ${size}`);
    if (file.u32(at, 'a load command') === LC_SYMTAB) {
      const [table, entries, names] = [file.u32(at + 8, what), file.u32(at + 12, what), file.u32(at + 16, what)];
      file.require(table, entries * 16, what);
      for (let entry = table; entry < table + entries * 16; entry += 16) {
        const type = file.u8(entry + 4, what);
        const section = sections[file.u8(entry + 5, what) - 1];
        if ((type & N_STAB) !== 0 || (type & N_TYPE) !== N_SECT || section === undefined) continue;
        symbols.push({
          name: file.shortString(names + file.u32(entry, what), maxName).replace(/^_/, ''),
          address: file.u64(entry + 8, what),
          kind: section.code ? 'function' : 'variable',
          exported: (type & N_EXT) !== 0 && (type & N_PEXT) === 0,
          weak: (file.u16(entry + 6, what) & N_WEAK_DEF) !== 0,
          section,
        });
      }
    }
    at += size;
  }
  return symbols;
}

function readPeExports(file: ByteReader, sections: readonly Section[]): ImageSymbol[] {
  const optional = file.u32(0x3c, 'the DOS header') + 24;
  const base = file.u64(optional + 24, what);
  const start = file.u32(optional + 108, what) === 0 ? 0 : file.u32(optional + 112, what);
  const length = start === 0 ? 0 : file.u32(optional + 116, what);
  if (start === 0) return [];
  const homeOf = (rva: number) =>
    sections.find(({ address, memory }) => base + rva >= address && base + rva < address + memory);
  const place = (rva: number): number => {
    const home = homeOf(rva);
    if (home === undefined) throw damaged('an export lies in no section');
    return home.offset + (base + rva - home.address);
  };
  const directory = place(start);
  const count = file.u32(directory + 24, what);
  if (count === 0) return [];
  const [functions, names, ordinals] = [28, 32, 36].map((at) => place(file.u32(directory + at, what)));
  if (functions === undefined || names === undefined || ordinals === undefined) return [];
  file.require(names, count * 4, what);
  return Array.from({ length: count }, (_, index): ImageSymbol | undefined => {
    const rva = file.u32(functions + file.u16(ordinals + index * 2, what) * 4, what);
    const section = homeOf(rva);
    // What lies in the directory itself is passed on to another library.
    if (section === undefined || (rva >= start && rva < start + length)) return undefined;
    return {
      name: file.shortString(place(file.u32(names + index * 4, what)), maxName),
      address: base + rva,
      kind: section.code ? 'function' : 'variable',
      exported: true,
      weak: false,
      section,
    };
  }).filter((symbol) => symbol !== undefined);
}

function textAt(bytes: Uint8Array, from: number): string {
  const end = bytes.indexOf(0, from);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8', from, end === -1 ? from : end);
}
