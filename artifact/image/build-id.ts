import type { ByteReader } from './byte-reader.ts';
import { isElf } from './elf.ts';
import { isMachO } from './macho.ts';
import type { Section } from './sections.ts';

const NT_GNU_BUILD_ID = 3;
const LC_UUID = 0x1b;
const IMAGE_DIRECTORY_ENTRY_DEBUG = 6;
const IMAGE_DEBUG_TYPE_CODEVIEW = 2;
const what = 'the build id';
/** More entries than any linker writes. */
const most = 64;

/**
 * What the linker calls this build, 32 hex digits: the first 16 bytes of GNU's build id, Mach-O's UUID, or the GUID in PE's
 * debug directory; undefined where it gave none. runtime/native_image.c reads the same from the loaded image.
 */
export function buildIdOf(file: ByteReader, sections: readonly Section[]): string | undefined {
  const start = file.slice(0, Math.min(file.size, 64), 'its header');
  if (isElf(start)) return elfBuildId(file, sections);
  return isMachO(start) ? machoBuildId(file) : peBuildId(file, sections);
}

function elfBuildId(file: ByteReader, sections: readonly Section[]): string | undefined {
  for (const { name, offset, size } of sections) {
    if (!name.startsWith('.note')) continue;
    for (let at = offset, count = 0; at + 12 <= offset + size && count < most; count += 1) {
      const [nameSize, bytes, type] = [file.u32(at, what), file.u32(at + 4, what), file.u32(at + 8, what)];
      const from = at + 12 + Math.ceil(nameSize / 4) * 4;
      if (type === NT_GNU_BUILD_ID && nameSize === 4 && bytes >= 16 && file.shortString(at + 12, 4) === 'GNU')
        return hex(file.slice(from, 16, what));
      at = from + Math.ceil(bytes / 4) * 4;
    }
  }
  return undefined;
}

function machoBuildId(file: ByteReader): string | undefined {
  const count = file.u32(16, what);
  for (let index = 0, at = 32; index < count; index += 1) {
    const size = file.u32(at + 4, what);
    if (file.u32(at, what) === LC_UUID) return hex(file.slice(at + 8, 16, what));
    if (size < 8) return undefined;
    at += size;
  }
  return undefined;
}

function peBuildId(file: ByteReader, sections: readonly Section[]): string | undefined {
  const optional = file.u32(0x3c, 'the DOS header') + 24;
  if (file.u32(optional + 108, what) <= IMAGE_DIRECTORY_ENTRY_DEBUG) return undefined;
  const directory = optional + 112 + IMAGE_DIRECTORY_ENTRY_DEBUG * 8;
  const address = file.u64(optional + 24, what) + file.u32(directory, what);
  const size = file.u32(directory + 4, what);
  const home = sections.find((one) => address >= one.address && address + size <= one.address + one.memory);
  if (size === 0 || home === undefined) return undefined;
  const from = home.offset + (address - home.address);
  for (let at = from, count = 0; at + 28 <= from + size && count < most; at += 28, count += 1) {
    if (file.u32(at + 12, what) !== IMAGE_DEBUG_TYPE_CODEVIEW) continue;
    const data = file.u32(at + 24, what);
    if (file.shortString(data, 4) === 'RSDS') return hex(file.slice(data + 4, 16, what));
  }
  return undefined;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
