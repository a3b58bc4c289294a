/**
 * A whole library travels in chunks. Each is compressed by itself and carries its own length and checksum, so a line that
 * breaks costs one chunk at most: whoever comes back asks for the next one wanted and goes on there.
 *
 * This file: what a chunk is, and how bytes become chunks. `assembler.ts` makes them bytes again.
 */
import { promisify } from 'node:util';
import { brotliCompress, constants, crc32 } from 'node:zlib';

const brotli = promisify(brotliCompress);

/**
 * Bytes of every chunk but the last. Below 256 KiB a message's own cost shows, above 1 MiB more is lost with a line and
 * held in memory. Part of the format: both sides count chunks by it.
 */
export const chunkSize = 524_288;

/** So many chunks are compressed ahead of the one that is being sent, in Node's own threads. */
const ahead = 2;

/** How a chunk's data is compressed. These names are on the wire. */
export type ChunkCompression = 'none' | 'brotli';

/** One chunk, as it travels. */
export interface Chunk {
  /** From 0; it begins at `index * chunkSize` of the whole. */
  readonly index: number;
  /** Bytes before compression. */
  readonly size: number;
  /** CRC-32 of the bytes before compression: tells damage early. Whether the whole is right, its SHA-256 says. */
  readonly checksum: number;
  readonly compression: ChunkCompression;
  readonly data: Uint8Array;
}

/** What is sent: bytes that do not change meanwhile. */
export interface ChunkSource {
  /** Bytes of the whole. */
  readonly size: number;
  /** These bytes, all of them. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
}

/** How hard to compress; `none` where the line is faster than any compression. */
export type ChunkEffort = 'none' | 'quick' | 'small';

/**
 * Brotli's quality by effort. Measured on libpython's 6 MB, one core: 1 does 180 MB/s and leaves 43 %, 5 does 32 MB/s and
 * leaves 33 %. Inflating runs at 200 MB/s and more.
 */
const qualities: Readonly<Record<Exclude<ChunkEffort, 'none'>, number>> = { quick: 1, small: 5 };

/** The number of chunks that so many bytes make. Nothing makes one empty chunk, so that there is something to send. */
export function chunkCount(size: number): number {
  return Math.max(1, Math.ceil(size / chunkSize));
}

/** Bytes of one chunk, before compression, of a whole of `size` bytes. */
export function chunkSizeAt(index: number, size: number): number {
  return Math.max(0, Math.min(chunkSize, size - index * chunkSize));
}

/**
 * The effort that moves a library fastest over a line of so many bytes a second: compressing must not be what is waited
 * for. Up to 10 MB/s the smaller chunks win, up to 100 MB/s the quick ones; loopback is faster than both.
 */
export function effortFor(bytesPerSecond: number): ChunkEffort {
  if (bytesPerSecond <= 10_000_000) return 'small';
  return bytesPerSecond <= 100_000_000 ? 'quick' : 'none';
}

/**
 * Makes the chunks of these bytes, from the one with the index `from` on. Compresses a little ahead of whoever takes them and holds
 * no more than that. A chunk that compression does not make smaller travels as it is.
 *
 * @param effortNow asked for each chunk, as the line may turn out faster or slower than was thought
 */
export async function* encodeChunks(
  source: ChunkSource,
  effortNow: () => ChunkEffort,
  from = 0,
): AsyncGenerator<Chunk, void> {
  const count = chunkCount(source.size);
  const coming: Promise<Chunk>[] = [];
  for (let index = from; index < count + ahead; index += 1) {
    if (index < count) {
      const chunk = encodeChunk(source, index, effortNow());
      chunk.catch(() => undefined); // Whoever takes it hears of it; nobody may.
      coming.push(chunk);
    }
    if (index < from + ahead) continue;
    const next = coming.shift();
    if (next !== undefined) yield await next;
  }
}

async function encodeChunk(source: ChunkSource, index: number, effort: ChunkEffort): Promise<Chunk> {
  const bytes = await source.read(index * chunkSize, chunkSizeAt(index, source.size));
  const plain = { index, size: bytes.byteLength, checksum: crc32(bytes), compression: 'none', data: bytes } as const;
  if (effort === 'none') return plain;
  const data = await brotli(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: qualities[effort],
      [constants.BROTLI_PARAM_LGWIN]: 19,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.byteLength,
    },
  });
  return data.byteLength < bytes.byteLength ? { ...plain, compression: 'brotli', data } : plain;
}
