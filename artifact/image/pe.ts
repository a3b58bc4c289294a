import { type Binary, damaged, imageSymbol, notALibrary, unknownPlatform } from './binary.ts';
import type { ByteReader } from './byte-reader.ts';

// Names are those of <winnt.h>; the format is described in Microsoft's "PE Format".
const IMAGE_FILE_DLL = 0x2000;
const IMAGE_FILE_MACHINE_AMD64 = 0x8664;
const PE32_PLUS = 0x20b;
const fileHeaderSize = 24; // with the signature before it
const sectionSize = 40;
const symbolSize = 18;
const exportDirectorySize = 40;

const otherMachines: Readonly<Record<number, string>> = {
  332: '32-bit x86 Windows',
  452: '32-bit ARM Windows',
  43620: 'arm64 Windows',
};

interface Section {
  readonly name: string;
  /** Where it is in memory, from the image's base. */
  readonly address: number;
  /** Bytes of it that are in the file and mean something: the rest is padding, or zero in memory. */
  readonly size: number;
  readonly offset: number;
}

/** Whether the file begins as PE does, with the DOS header. */
export function isPe(bytes: Uint8Array): boolean {
  return bytes[0] === 0x4d && bytes[1] === 0x5a;
}

/** Reads a shared library for Windows. Throws `image_invalid` or `wrong_platform`. */
export function readPe(file: ByteReader): Binary {
  const pe = file.u32(0x3c, 'the DOS header');
  if (file.u32(pe, 'the PE header') !== 0x4550) throw notALibrary('a program for DOS');
  requirePlatform(file, pe);
  const sections = readSections(file, pe);
  requireSymbols(file, pe);
  const contract = sections.find(({ name }) => name === '.vaisct');
  return {
    format: 'pe',
    triples: ['x86_64-windows-gnu'],
    contract: contract && file.slice(contract.offset, contract.size, 'the section .vaisct'),
    exportsImage: exportsImage(file, pe, sections),
  };
}

function requirePlatform(file: ByteReader, pe: number): void {
  const machine = file.u16(pe + 4, 'the PE header');
  if (machine !== IMAGE_FILE_MACHINE_AMD64) {
    throw unknownPlatform(otherMachines[machine] ?? `Windows on machine number ${machine}`);
  }
  if ((file.u16(pe + 22, 'the PE header') & IMAGE_FILE_DLL) === 0) throw notALibrary('an executable');
  if (file.u16(pe + fileHeaderSize, 'the optional header') !== PE32_PLUS)
    throw damaged('its optional header is not PE32+');
}

function readSections(file: ByteReader, pe: number): Section[] {
  const count = file.u16(pe + 6, 'the PE header');
  const table = pe + fileHeaderSize + file.u16(pe + 20, 'the PE header');
  file.require(table, count * sectionSize, 'the table of sections');
  return Array.from({ length: count }, (_, index): Section => {
    const at = table + index * sectionSize;
    const name = file.shortString(at, 8);
    const what = `the section ${name}`;
    const raw = file.u32(at + 16, what);
    const offset = file.u32(at + 20, what);
    if (raw > 0) file.require(offset, raw, what);
    return { name, address: file.u32(at + 12, what), size: Math.min(raw, file.u32(at + 8, what)), offset };
  });
}

/** The linker's symbols and their strings stand at the end of a library that was not stripped; nothing else tells its length. */
function requireSymbols(file: ByteReader, pe: number): void {
  const table = file.u32(pe + 12, 'the PE header');
  if (table === 0) return;
  const strings = table + file.u32(pe + 16, 'the PE header') * symbolSize;
  file.require(strings, file.u32(strings, 'the symbol table'), 'the symbol table');
}

function exportsImage(file: ByteReader, pe: number, sections: readonly Section[]): boolean {
  const what = 'the export directory';
  const optional = pe + fileHeaderSize;
  const directories = file.u32(optional + 108, 'the optional header');
  const address = directories === 0 ? 0 : file.u32(optional + 112, 'the optional header');
  if (address === 0) return false;
  const directory = offsetOf(sections, address, exportDirectorySize);
  if (directory === undefined) throw damaged(`${what} lies in no section`);
  const count = file.u32(directory + 24, what);
  if (count === 0) return false;
  const names = offsetOf(sections, file.u32(directory + 32, what), count * 4);
  if (names === undefined) throw damaged('the table of exported names lies in no section');
  // The names are in order, as the loader's own search needs them.
  for (let low = 0, high = count; low < high; ) {
    const middle = Math.floor((low + high) / 2);
    const at = offsetOf(sections, file.u32(names + middle * 4, what), 1);
    if (at === undefined) throw damaged('an exported name lies in no section');
    const name = file.shortString(at, 256);
    if (name === imageSymbol) return true;
    if (name < imageSymbol) low = middle + 1;
    else high = middle;
  }
  return false;
}

/** Where in the file these bytes of memory are, or undefined when no section holds all of them. */
function offsetOf(sections: readonly Section[], address: number, size: number): number | undefined {
  const home = sections.find((one) => address >= one.address && address + size <= one.address + one.size);
  return home && home.offset + (address - home.address);
}
