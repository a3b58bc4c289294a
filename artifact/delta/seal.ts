import { createHash } from 'node:crypto';
import { VaisError } from '../../common/error.ts';
import { ByteReader } from '../image/byte-reader.ts';
import { isMachO } from '../image/macho.ts';

// Names are those of Apple's <kern/cs_blobs.h>. A signature's numbers are big-endian.
const LC_CODE_SIGNATURE = 0x1d;
const CSMAGIC_EMBEDDED_SIGNATURE = 0xfade0cc0;
const CSMAGIC_CODEDIRECTORY = 0xfade0c02;
const CS_HASHTYPE_SHA256 = 2;
const hashSize = 32;

/**
 * Hashes of the library in the library. A signed Mach-O file ends with the SHA-256 of each of its pages, which cannot be
 * guessed when a page has changed, but can be computed once all else is there.
 */
export interface Seal {
  /** Where the hashes are. All that they are of stands before. */
  readonly offset: number;
  /** How many bytes they are of, from the start of the file. */
  readonly sealed: number;
  /** Bytes of a page. */
  readonly page: number;
}

/** The bytes with zeros for their seal, and the seal; the bytes themselves when they have none that is right. */
export function unseal(bytes: Uint8Array): { bytes: Uint8Array; seal: Seal | undefined } {
  try {
    const found = findSeal(bytes);
    if (found === undefined) return { bytes, seal: undefined };
    const bare = Uint8Array.from(bytes);
    bare.fill(0, found.offset, found.offset + hashesSize(found));
    return { bytes: bare, seal: found };
  } catch (thrown) {
    if (!(thrown instanceof VaisError)) throw thrown;
    return { bytes, seal: undefined };
  }
}

function findSeal(bytes: Uint8Array): Seal | undefined {
  if (!isMachO(bytes)) return undefined;
  const file = new ByteReader(bytes);
  const end = 32 + file.u32(20, 'the Mach-O header');
  for (let at = 32; at + 16 <= end; at += Math.max(8, file.u32(at + 4, 'a load command'))) {
    if (file.u32(at, 'a load command') !== LC_CODE_SIGNATURE) continue;
    const offset = file.u32(at + 8, 'a load command');
    const found = readSeal(file.slice(offset, file.u32(at + 12, 'a load command'), 'the signature'), offset);
    return found !== undefined && isSealed(bytes, found) ? found : undefined;
  }
  return undefined;
}

/** CS_SuperBlob, and in it the CS_CodeDirectory. */
function readSeal(signature: Uint8Array, offset: number): Seal | undefined {
  const view = new DataView(signature.buffer, signature.byteOffset, signature.byteLength);
  if (view.byteLength < 20 || view.getUint32(0) !== CSMAGIC_EMBEDDED_SIGNATURE) return undefined;
  const directory = view.getUint32(16);
  if (directory + 44 > view.byteLength || view.getUint32(directory) !== CSMAGIC_CODEDIRECTORY) return undefined;
  if (view.getUint8(directory + 36) !== hashSize || view.getUint8(directory + 37) !== CS_HASHTYPE_SHA256)
    return undefined;
  return {
    offset: offset + directory + view.getUint32(directory + 16),
    sealed: view.getUint32(directory + 32),
    page: 2 ** view.getUint8(directory + 39),
  };
}

function isSealed(bytes: Uint8Array, seal: Seal): boolean {
  if (!isSealPossible(seal, bytes.byteLength)) return false;
  const hashes = pageHashes(bytes, seal);
  return Buffer.compare(hashes, bytes.subarray(seal.offset, seal.offset + hashes.byteLength)) === 0;
}

/** Whether the hashes fit where they should be, and are of what stands before them. */
export function isSealPossible(seal: Seal, size: number): boolean {
  const { offset, sealed, page } = seal;
  if (page < 1_024 || sealed > offset) return false;
  return offset + hashesSize(seal) <= size;
}

/** Computes the hashes and writes them in their place. */
export function sealBytes(bytes: Uint8Array, where: Seal): void {
  bytes.set(pageHashes(bytes, where), where.offset);
}

function hashesSize({ sealed, page }: Seal): number {
  return Math.ceil(sealed / page) * hashSize;
}

function pageHashes(bytes: Uint8Array, where: Seal): Uint8Array {
  const { sealed, page } = where;
  const hashes = new Uint8Array(hashesSize(where));
  for (let index = 0; index * page < sealed; index += 1) {
    const end = Math.min(sealed, (index + 1) * page);
    hashes.set(
      createHash('sha256')
        .update(bytes.subarray(index * page, end))
        .digest(),
      index * hashSize,
    );
  }
  return hashes;
}
