import { damaged } from './binary.ts';
import { ByteReader } from './byte-reader.ts';
import { readSections, type Section } from './sections.ts';

const SHT_PROGBITS = 1;
const headerSize = 64;
const what = 'a section header';

/**
 * An ELF library without its debug sections and with one more section that is not loaded. What is loaded stays where it is, byte
 * by byte, and so does the build id; sections keep their numbers, since symbols name them by these.
 *
 * @throws VaisError `image_invalid`
 */
export function replaceElfDebug(bytes: Uint8Array, name: string, content: Uint8Array): Uint8Array {
  const file = new ByteReader(bytes);
  const sections = readSections(file);
  const table = file.u64(40, 'the ELF header');
  const namesIndex = file.u16(62, 'the ELF header');
  const isDebug = (one: Section) => !one.loaded && /^\.(?:(?:rela?\.)?z?debug_|gdb_index|gnu_debuglink)/.test(one.name);
  const slot = sections.findIndex(isDebug);
  const names = sections[namesIndex];
  if (names === undefined) throw damaged('the section with the names of sections is not there');
  const parts: Uint8Array[] = [];
  let size = 0;
  const append = (part: Uint8Array, align: number): number => {
    const start = Math.ceil(size / align) * align;
    if (start > size) parts.push(new Uint8Array(start - size));
    parts.push(part);
    size = start + part.byteLength;
    return start;
  };
  const end = endOfLoaded(file, sections);
  append(bytes.subarray(0, end), 1);

  // One more header, where there is no debug section whose place it can take.
  const count = sections.length + (slot === -1 ? 1 : 0);
  const headers = new Uint8Array(count * headerSize);
  headers.set(file.slice(table, sections.length * headerSize, 'the table of section headers'));
  const view = new DataView(headers.buffer);
  const move = (index: number, offset: number, length: number): void => {
    view.setBigUint64(index * headerSize + 24, BigInt(offset), true);
    view.setBigUint64(index * headerSize + 32, BigInt(length), true);
  };
  sections.forEach((section, index) => {
    if (isDebug(section)) headers.fill(0, index * headerSize, (index + 1) * headerSize);
    else if (index === namesIndex || section.size === 0 || section.offset + section.size <= end) return;
    else {
      const align = Math.max(1, Math.min(file.u64(table + index * headerSize + 48, what), 4_096));
      move(index, append(file.slice(section.offset, section.size, section.name), align), section.size);
    }
  });
  const at = slot === -1 ? sections.length : slot;
  const nameAt = names.size;
  view.setUint32(at * headerSize, nameAt, true);
  view.setUint32(at * headerSize + 4, SHT_PROGBITS, true);
  view.setBigUint64(at * headerSize + 48, 1n, true);
  move(at, append(content, 8), content.byteLength);
  const allNames = Buffer.concat([
    file.slice(names.offset, names.size, 'the names of sections'),
    Buffer.from(`${name}\0`, 'latin1'),
  ]);
  move(namesIndex, append(allNames, 1), allNames.byteLength);
  const newTable = append(headers, 8);

  const result = Buffer.concat(parts);
  result.writeBigUInt64LE(BigInt(newTable), 40);
  result.writeUInt16LE(count, 60);
  return new Uint8Array(result.buffer, result.byteOffset, result.byteLength);
}

/** The end of what must stay in its place: headers, segments and loaded sections. */
function endOfLoaded(file: ByteReader, sections: readonly Section[]): number {
  const table = file.u64(32, 'the ELF header');
  const count = file.u16(56, 'the ELF header');
  let end = Math.max(headerSize, table + count * 56);
  for (let index = 0; index < count; index += 1) {
    const at = table + index * 56;
    end = Math.max(end, file.u64(at + 8, 'a program header') + file.u64(at + 32, 'a program header'));
  }
  for (const { loaded, offset, size } of sections) if (loaded) end = Math.max(end, offset + size);
  file.require(0, end, 'what is loaded of it');
  return end;
}
