import { damaged } from './binary.ts';
import { ByteReader } from './byte-reader.ts';
import { readSections } from './sections.ts';

// Names and layouts are those of <winnt.h>; the format is described in Microsoft's "PE Format".
const IMAGE_SCN_CNT_INITIALIZED_DATA = 0x40;
const IMAGE_SCN_MEM_DISCARDABLE = 0x02000000;
const IMAGE_SCN_MEM_READ = 0x40000000;
const headerSize = 40;

/**
 * A PE library without its debug sections and its linker's symbols, and with one more section, of at most eight letters. Linkers
 * put debug sections last, behind all that is loaded, and so nothing else has to move.
 *
 * @throws VaisError `image_invalid` where other sections stand behind them
 */
export function replacePeDebug(bytes: Uint8Array, name: string, content: Uint8Array): Uint8Array {
  const file = new ByteReader(bytes);
  const pe = file.u32(0x3c, 'the DOS header');
  const optional = pe + 24;
  const table = optional + file.u16(pe + 20, 'the PE header');
  const sectionAlign = Math.max(1, file.u32(optional + 32, 'the optional header'));
  const fileAlign = Math.max(1, file.u32(optional + 36, 'the optional header'));
  const base = file.u64(optional + 24, 'the optional header');
  const sections = readSections(file);
  const isDebug = ({ name }: { name: string }) => /^\.z?debug_/.test(name);
  const kept = sections.findIndex(isDebug);
  const count = kept === -1 ? sections.length : kept;
  if (!sections.slice(count).every(isDebug)) throw damaged('sections stand behind its debug sections');
  const most =
    sections.length === 0 ? 0 : Math.min(...sections.map(({ offset }) => (offset === 0 ? Infinity : offset)));
  const header = table + count * headerSize;
  if (header + headerSize > most) throw damaged('its header has no room for one more section');

  const some = sections.slice(0, count);
  const rawEnd = Math.max(
    most,
    ...some.map(({ offset }, index) => offset + file.u32(table + index * headerSize + 16, 'a section')),
  );
  const memoryEnd = Math.max(...some.map(({ address, memory }) => address - base + memory));
  const at = aligned(rawEnd, fileAlign);
  const raw = aligned(content.byteLength, fileAlign);
  const address = aligned(memoryEnd, sectionAlign);
  const result = Buffer.alloc(at + raw);
  result.set(file.slice(0, Math.min(rawEnd, file.size), 'its sections'));
  result.set(content, at);
  result.fill(0, header, most);
  result.write(name, header, 'latin1');
  result.writeUInt32LE(content.byteLength, header + 8);
  result.writeUInt32LE(address, header + 12);
  result.writeUInt32LE(raw, header + 16);
  result.writeUInt32LE(at, header + 20);
  const flags = IMAGE_SCN_CNT_INITIALIZED_DATA + IMAGE_SCN_MEM_DISCARDABLE + IMAGE_SCN_MEM_READ;
  result.writeUInt32LE(flags, header + 36);
  result.writeUInt16LE(count + 1, pe + 6);
  result.writeUInt32LE(0, pe + 12); // the linker's symbols
  result.writeUInt32LE(0, pe + 16);
  result.writeUInt32LE(aligned(address + content.byteLength, sectionAlign), optional + 56);
  result.writeUInt32LE(0, optional + 64); // a checksum, which only drivers need
  return new Uint8Array(result.buffer, result.byteOffset, result.byteLength);
}

function aligned(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
