import {
  ElfFile,
  type ElfSymbol,
  ET_REL,
  relocationSize,
  SHF_ALLOC,
  SHF_WRITE,
  SHN_LORESERVE,
  SHT_RELA,
  SHT_SYMTAB,
  STT_OBJECT,
  STT_SECTION,
  STT_TLS,
} from './elf-file.ts';

const arMagic = '!<arch>\n';
const arHeaderSize = 60;

/**
 * Makes the relocations of an object file, or of each in an archive, name the variable that they mean. Assemblers write the
 * section and a distance instead, and once linked "one past `array`" looks like "the start of the next one". Compiled with
 * `-fdata-sections`, a section holds one variable, so here it can still be told. Changes the bytes in place; returns whether
 * it changed any.
 */
export function nameVariables(bytes: Buffer): boolean {
  if (ElfFile.is(bytes)) return nameInObject(bytes);
  if (bytes.toString('latin1', 0, arMagic.length) !== arMagic) return false;
  let changed = false;
  for (let at = arMagic.length; at + arHeaderSize <= bytes.length; ) {
    const size = Number.parseInt(bytes.toString('latin1', at + 48, at + 58), 10);
    if (!Number.isFinite(size) || at + arHeaderSize + size > bytes.length) break;
    const member = bytes.subarray(at + arHeaderSize, at + arHeaderSize + size);
    if (ElfFile.is(member) && nameInObject(member)) changed = true;
    at += arHeaderSize + size + (size & 1);
  }
  return changed;
}

function nameInObject(bytes: Buffer): boolean {
  const file = new ElfFile(bytes);
  if (file.type !== ET_REL) return false;
  let changed = false;
  for (const table of file.sections.filter(({ type }) => type === SHT_SYMTAB)) {
    const symbols = file.symbols(table);
    const only = onlyVariables(file, symbols);
    for (const section of file.sections) {
      if (section.type !== SHT_RELA || section.link !== table.index) continue;
      if (((file.sections[section.info]?.flags ?? 0) & SHF_ALLOC) === 0) continue;
      for (let at = section.offset; at + relocationSize <= section.offset + section.size; at += relocationSize) {
        const symbol = symbols[bytes.readUInt32LE(at + 12)];
        if (symbol === undefined || symbol.type !== STT_SECTION) continue;
        const variable = only.get(symbol.section);
        if (variable === undefined) continue;
        bytes.writeUInt32LE(variable.index, at + 12);
        bytes.writeBigInt64LE(bytes.readBigInt64LE(at + 16) - BigInt(variable.value), at + 16);
        changed = true;
      }
    }
  }
  return changed;
}

/** The variable that is alone in its section, by the section; of several names for it one that no other file can take. */
function onlyVariables(file: ElfFile, symbols: readonly ElfSymbol[]): ReadonlyMap<number, ElfSymbol> {
  const only = new Map<number, ElfSymbol>();
  const crowded = new Set<number>();
  for (const symbol of symbols) {
    if (symbol.type !== STT_OBJECT && symbol.type !== STT_TLS) continue;
    if (symbol.section === 0 || symbol.section >= SHN_LORESERVE) continue;
    if (((file.sections[symbol.section]?.flags ?? 0) & SHF_WRITE) === 0) continue;
    const other = only.get(symbol.section);
    if (other === undefined) only.set(symbol.section, symbol);
    else if (other.value !== symbol.value || other.size !== symbol.size) crowded.add(symbol.section);
    else if (symbol.local && !other.local) only.set(symbol.section, symbol);
  }
  for (const section of crowded) only.delete(section);
  return only;
}
