import { type Binary, damaged, imageSymbol, notALibrary, unknownPlatform } from './binary.ts';
import type { ByteReader } from './byte-reader.ts';
import { type Triple, withLibc } from './triple.ts';

// Names and layouts are those of <elf.h>, 64-bit.
const ET_REL = 1;
const ET_EXEC = 2;
const ET_DYN = 3;
const ET_CORE = 4;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const SHT_NULL = 0;
const SHT_NOBITS = 8;
const SHT_DYNSYM = 11;
const DT_NULL = 0;
const DT_FLAGS_1 = 0x6ffffffb;
const DF_1_PIE = 0x08000000;
const programHeaderSize = 56;
const sectionHeaderSize = 64;
const symbolSize = 24;
const dynamicSize = 16;

const machines: Readonly<Record<number, Triple>> = { 62: 'x86_64-linux-gnu', 183: 'aarch64-linux-gnu' };
const otherMachines: Readonly<Record<number, string>> = {
  3: '32-bit x86',
  8: 'MIPS',
  20: '32-bit PowerPC',
  21: '64-bit PowerPC',
  22: 's390x',
  40: '32-bit ARM',
  243: 'RISC-V',
  258: 'LoongArch',
};

interface Section {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** Whether the file begins as ELF does. */
export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** Reads a shared library for Linux. Throws `image_invalid` or `wrong_platform`. */
export function readElf(file: ByteReader): Binary {
  const triple = readTriple(file);
  requireLibrary(file);
  const sections = readSections(file);
  const contract = sections.find(({ name, type }) => name === 'vais_contract' && type !== SHT_NOBITS);
  return {
    format: 'elf',
    triples: [triple, withLibc(triple, 'musl')],
    contract: contract && file.slice(contract.offset, contract.size, 'the section vais_contract'),
    exportsImage: exportsImage(file, sections),
  };
}

function readTriple(file: ByteReader): Triple {
  const header = 'the ELF header';
  const wide = file.u8(4, header) === 2;
  const little = file.u8(5, header) === 1;
  // In a big-endian file the number's bytes stand the other way round.
  const machine = little ? file.u16(18, header) : file.u8(18, header) * 256 + file.u8(19, header);
  const triple = machines[machine];
  if (triple !== undefined && wide && little) return triple;
  const name = triple ?? otherMachines[machine] ?? `machine number ${machine}`;
  throw unknownPlatform(`${name}${wide || name.startsWith('32') ? '' : ', 32-bit'}${little ? '' : ', big-endian'}`);
}

function requireLibrary(file: ByteReader): void {
  const type = file.u16(16, 'the ELF header');
  if (type === ET_REL) throw notALibrary('an object file');
  if (type === ET_EXEC) throw notALibrary('an executable');
  if (type === ET_CORE) throw notALibrary('a core dump');
  if (type !== ET_DYN) throw damaged(`the ELF header has the unknown type ${type}`);
  const table = file.u64(32, 'the ELF header');
  const count = file.u16(56, 'the ELF header');
  if (count > 0 && file.u16(54, 'the ELF header') !== programHeaderSize) throw damaged('odd program headers');
  file.require(table, count * programHeaderSize, 'the table of program headers');
  let dynamic = false;
  for (let index = 0; index < count; index += 1) {
    const at = table + index * programHeaderSize;
    const type = file.u32(at, 'a program header');
    const offset = file.u64(at + 8, 'a program header');
    const size = file.u64(at + 32, 'a program header');
    file.require(offset, size, `segment ${index}`);
    if (type === PT_INTERP) throw notALibrary('an executable');
    if (type !== PT_DYNAMIC) continue;
    // One only: a file could otherwise have all of itself read thousands of times.
    if (dynamic) throw damaged('it has two dynamic sections');
    dynamic = true;
    if (isPie(file, offset, size)) throw notALibrary('an executable');
  }
}

/** A position-independent executable has the type of a library; a flag in its dynamic section tells them apart. */
function isPie(file: ByteReader, offset: number, size: number): boolean {
  for (let at = offset; at + dynamicSize <= offset + size; at += dynamicSize) {
    const tag = file.u64(at, 'the dynamic section');
    if (tag === DT_NULL) return false;
    if (tag === DT_FLAGS_1) return (file.u32(at + 8, 'the dynamic section') & DF_1_PIE) !== 0;
  }
  return false;
}

function readSections(file: ByteReader): Section[] {
  const header = 'the ELF header';
  const table = file.u64(40, header);
  const count = file.u16(60, header);
  if (count === 0) return [];
  if (file.u16(58, header) !== sectionHeaderSize) throw damaged('odd section headers');
  file.require(table, count * sectionHeaderSize, 'the table of section headers');
  const headerAt = (index: number) => table + index * sectionHeaderSize;
  const namesIndex = file.u16(62, header);
  if (namesIndex >= count) throw damaged('the section with the names of sections is not there');
  const names = file.u64(headerAt(namesIndex) + 24, 'a section header');
  return Array.from({ length: count }, (_, index): Section => {
    const at = headerAt(index);
    const section: Section = {
      name: file.shortString(names + file.u32(at, 'a section header'), 64),
      type: file.u32(at + 4, 'a section header'),
      offset: file.u64(at + 24, 'a section header'),
      size: file.u64(at + 32, 'a section header'),
      link: file.u32(at + 40, 'a section header'),
    };
    const occupies = section.type !== SHT_NOBITS && section.type !== SHT_NULL;
    if (occupies) file.require(section.offset, section.size, `the section ${section.name}`);
    return section;
  });
}

function exportsImage(file: ByteReader, sections: readonly Section[]): boolean {
  const symbols = sections.find(({ type }) => type === SHT_DYNSYM);
  if (symbols === undefined) return false;
  const names = sections[symbols.link];
  if (names === undefined) throw damaged('its symbols have no names');
  for (let at = symbols.offset; at + symbolSize <= symbols.offset + symbols.size; at += symbolSize) {
    const isDefined = file.u16(at + 6, 'the symbol table') !== 0;
    const isLocal = file.u8(at + 4, 'the symbol table') >> 4 === 0;
    const isHidden = (file.u8(at + 5, 'the symbol table') & 3) !== 0;
    if (!isDefined || isLocal || isHidden) continue;
    if (file.holdsString(names.offset + file.u32(at, 'the symbol table'), imageSymbol)) return true;
  }
  return false;
}
