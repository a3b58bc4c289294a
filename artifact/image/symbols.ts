import type { ByteReader } from './byte-reader.ts';
import { isElf } from './elf.ts';

// Names and layouts are those of <elf.h>, 64-bit.
const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;
const STT_FUNC = 2;
const sectionHeaderSize = 64;
const symbolSize = 24;
/** For people, so long names may end early. */
const maxName = 200;
const what = 'the symbol table';

interface FunctionSymbol {
  readonly name: string;
  readonly start: number;
  /** One beyond the last byte. */
  readonly end: number;
}

/**
 * The functions of an image by the addresses in its traces. An image without a symbol table (tcc writes none), or one
 * that is no ELF file, knows none; nor does one whose tables are damaged: a trace helps people, and never fails.
 */
export function functionNames(file: ByteReader): (address: number) => string | undefined {
  let functions: readonly FunctionSymbol[] = [];
  try {
    if (isElf(file.slice(0, 4, what))) functions = readFunctions(file);
  } catch {
    // As said above.
  }
  return (address) => functions.find(({ start, end }) => address >= start && address < end)?.name;
}

function readFunctions(file: ByteReader): FunctionSymbol[] {
  const table = file.u64(40, what);
  const count = file.u16(60, what);
  const functions: FunctionSymbol[] = [];
  for (let index = 0; index < count; index += 1) {
    const header = table + index * sectionHeaderSize;
    const type = file.u32(header + 4, what);
    if (type !== SHT_SYMTAB && type !== SHT_DYNSYM) continue;
    const names = file.u64(table + file.u32(header + 40, what) * sectionHeaderSize + 24, what);
    const from = file.u64(header + 24, what);
    const to = Math.min(from + file.u64(header + 32, what), file.size);
    for (let at = from; at + symbolSize <= to; at += symbolSize) {
      if ((file.u8(at + 4, what) & 15) !== STT_FUNC || file.u16(at + 6, what) === 0) continue;
      const start = file.u64(at + 8, what);
      const name = file.shortString(names + file.u32(at, what), maxName);
      if (name !== '') functions.push({ name, start, end: start + file.u64(at + 16, what) });
    }
  }
  return functions;
}
