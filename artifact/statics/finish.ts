/**
 * `artifact/statics/` makes variables with static storage keep their values and addresses when a C or C++ library is loaded
 * anew: it names them in object files before they are linked, and lists them, with all that leads to them, in the image. It
 * may import `artifact/dwarf`, `artifact/image` and `common/`. Read first: this file.
 */
import { ElfFile, ET_DYN, SHF_ALLOC, SHT_NOBITS, SHT_SYMTAB, sectionHeaderSize } from './elf-file.ts';
import { Fields, isLeftover } from './fields.ts';
import { encodeList, listSection, type StaticsList } from './list.ts';
import { findVariables } from './variables.ts';

/** The variables of a library that was linked with `--emit-relocs`, and what leads to them. @throws VaisError `image_invalid` */
export function listStatics(file: ElfFile): StaticsList {
  const table = file.sections.find(({ type }) => type === SHT_SYMTAB);
  if (table === undefined)
    return {
      variables: [],
      fields: [],
      refusals: ['it was linked with -s, so nothing tells its variables'],
      destroys: false,
    };
  const known = findVariables(file, file.symbols(table));
  const found = new Fields(file, known);
  found.read(table);
  return { variables: known.variables, fields: found.fields, refusals: [...found.refusals], destroys: known.destroys };
}

/**
 * The library with its list, and without the relocations that the list was made of. One that has a list already, or is
 * nothing that we know, comes back as it is.
 */
export function finishImage(bytes: Buffer): Buffer {
  if (!ElfFile.is(bytes)) return bytes;
  const file = new ElfFile(bytes);
  if (file.type !== ET_DYN || file.sections.some(({ name }) => name === listSection)) return bytes;
  return addSection(file, listSection, encodeList(listStatics(file)));
}

/** Section numbers stay, since symbols use them: what is dropped leaves an empty header. */
function addSection(file: ElfFile, name: string, content: Buffer): Buffer {
  const { bytes, sections } = file;
  const loaded = sections.filter(({ flags, type }) => (flags & SHF_ALLOC) !== 0 && type !== SHT_NOBITS);
  const start = loaded.reduce((end, { offset, size }) => Math.max(end, offset + size), 0);
  const parts = [bytes.subarray(0, start)];
  let at = start;
  const put = (part: Buffer, align: number): number => {
    const gap = (align - (at % align)) % align;
    parts.push(Buffer.alloc(gap), part);
    at += gap + part.length;
    return at - part.length;
  };
  const headers = Buffer.alloc((sections.length + 1) * sectionHeaderSize);
  bytes.copy(headers, 0, file.sectionTable, file.sectionTable + sections.length * sectionHeaderSize);
  const namesIndex = bytes.readUInt16LE(62);
  let nameOffset = 0;
  for (const section of sections) {
    const header = section.index * sectionHeaderSize;
    if ((section.flags & SHF_ALLOC) !== 0 || section.index === 0) continue;
    if (isLeftover(section)) {
      headers.fill(0, header, header + sectionHeaderSize);
      continue;
    }
    let body = bytes.subarray(section.offset, section.offset + section.size);
    if (section.index === namesIndex) {
      nameOffset = body.length;
      body = Buffer.concat([body, Buffer.from(`${name}\0`)]);
      headers.writeBigUInt64LE(BigInt(body.length), header + 32);
    }
    if (section.type === SHT_NOBITS) continue;
    const align = Math.max(1, Number(headers.readBigUInt64LE(header + 48)));
    headers.writeBigUInt64LE(BigInt(put(body, align)), header + 24);
  }
  const header = sections.length * sectionHeaderSize;
  headers.writeUInt32LE(nameOffset, header);
  headers.writeUInt32LE(1, header + 4); // SHT_PROGBITS
  headers.writeBigUInt64LE(BigInt(put(content, 8)), header + 24);
  headers.writeBigUInt64LE(BigInt(content.length), header + 32);
  headers.writeBigUInt64LE(8n, header + 48);
  const table = put(headers, 8);
  const whole = Buffer.concat(parts);
  whole.writeBigUInt64LE(BigInt(table), 40);
  whole.writeUInt16LE(sections.length + 1, 60);
  return whole;
}
