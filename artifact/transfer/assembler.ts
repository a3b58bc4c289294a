import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliDecompress, crc32 } from 'node:zlib';
import type { Digest } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import { type Chunk, chunkCount, chunkSize, chunkSizeAt } from './chunk.ts';

const inflate = promisify(brotliDecompress);

/** Takes the bytes of one chunk, to be written at this place of the whole. */
export type ChunkSink = (bytes: Uint8Array, offset: number) => void | Promise<void>;

/** What is to come: as the signed manifest says it, not as the chunks do. */
export interface ChunkGoal {
  /** Bytes of the whole. */
  readonly size: number;
  readonly digest: Digest;
  /** The most that the receiver takes. */
  readonly maxBytes: number;
}

/**
 * Makes chunks whole again, one after the other: checks each, hands its bytes on and forgets them, and checks the digest of
 * the whole with the last. It never holds more than one chunk, whatever a chunk says of itself.
 *
 * A chunk that is refused changes nothing: the same one is wanted still, so a damaged one can be sent again. Only a
 * wrong digest of the whole is the end: what was written then is not what was announced.
 */
export class ChunkAssembler {
  readonly #goal: ChunkGoal;
  readonly #write: ChunkSink;
  readonly #count: number;
  readonly #hash = createHash('sha256');
  #wanted = 0;
  #busy = false;
  #failed = false;

  /** Throws `too_large`. */
  constructor(goal: ChunkGoal, write: ChunkSink) {
    if (goal.size > goal.maxBytes) {
      throw new VaisError('too_large', `the image has ${goal.size} bytes, and the limit is ${goal.maxBytes}`);
    }
    this.#goal = goal;
    this.#write = write;
    this.#count = chunkCount(goal.size);
  }

  /** The index of the next chunk that it takes; the number of chunks when there is none. */
  get wanted(): number {
    return this.#wanted;
  }

  /** Bytes that are there, of the whole. */
  get received(): number {
    return Math.min(this.#wanted * chunkSize, this.#goal.size);
  }

  /** Whether all is there, and is what was announced. */
  get complete(): boolean {
    return this.#wanted === this.#count && !this.#failed;
  }

  /**
   * Takes the next chunk. One at a time: the sender waits until it is taken.
   *
   * Throws `usage` for a chunk that is not wanted now, `image_invalid` for one that cannot be inflated or has another size
   * than its place, `digest_mismatch` for other bytes than it says, and for a whole that is not what was announced.
   */
  async add(chunk: Chunk): Promise<void> {
    this.#require(chunk.index);
    const size = chunkSizeAt(chunk.index, this.#goal.size);
    if (chunk.size !== size) throw broken(chunk, `says that it has ${chunk.size} bytes, and its place has ${size}`);
    this.#busy = true;
    try {
      const bytes = await inflated(chunk, size);
      if (crc32(bytes) !== chunk.checksum) {
        throw new VaisError('digest_mismatch', `the chunk ${chunk.index} came damaged`, { hint: 'Try again.' });
      }
      await this.#write(bytes, chunk.index * chunkSize);
      this.#advance(bytes);
    } finally {
      this.#busy = false;
    }
  }

  /**
   * Takes the bytes of the next chunk from where an earlier assembler wrote them, and writes nothing. So an upload
   * goes on after the receiver was restarted: the whole's digest tells if they were not what they should be. Throws `usage` for
   * bytes that are no whole chunk.
   */
  restore(bytes: Uint8Array): void {
    this.#require(this.#wanted);
    const size = chunkSizeAt(this.#wanted, this.#goal.size);
    if (bytes.byteLength !== size) {
      throw new VaisError('usage', `the chunk ${this.#wanted} has ${size} bytes, not ${bytes.byteLength}`);
    }
    this.#advance(bytes);
  }

  #require(index: number): void {
    if (this.#busy) throw new VaisError('usage', `the chunk ${index} came before the one ahead of it was taken`);
    if (this.#failed || this.#wanted === this.#count) throw new VaisError('usage', 'no chunk is wanted any more');
    if (index !== this.#wanted) throw new VaisError('usage', `the chunk ${index} came where ${this.#wanted} is wanted`);
  }

  #advance(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#wanted += 1;
    if (this.#wanted < this.#count || this.#hash.digest('hex') === this.#goal.digest) return;
    this.#failed = true;
    throw new VaisError('digest_mismatch', 'the chunks together are not the image that was announced');
  }
}

/** The bytes of a chunk, never more than `size`: what would be is refused while it is inflated. */
async function inflated(chunk: Chunk, size: number): Promise<Uint8Array> {
  let bytes = chunk.data;
  if (chunk.compression === 'brotli') {
    try {
      bytes = await inflate(chunk.data, { maxOutputLength: Math.max(1, size) });
    } catch (cause) {
      throw broken(chunk, `cannot be inflated to its ${size} bytes`, cause);
    }
  }
  if (bytes.byteLength !== size) throw broken(chunk, `has ${bytes.byteLength} bytes, and its place has ${size}`);
  return bytes;
}

function broken({ index }: Chunk, what: string, cause?: unknown): VaisError {
  return new VaisError('image_invalid', `the chunk ${index} ${what}`, { hint: 'Try again.', cause });
}
