import { type ChunkEffort, effortFor } from './chunk.ts';

/** So often it is looked at again, in milliseconds. */
const everyMs = 300;
/** So many times in a row compressing may be what is waited for. */
const patience = 2;
/** What is left of a chunk, above which compressing is work for nothing. */
const notWorth = 0.97;

const lower: Readonly<Record<ChunkEffort, ChunkEffort>> = { small: 'quick', quick: 'none', none: 'none' };
const order: readonly ChunkEffort[] = ['none', 'quick', 'small'];

/**
 * Finds out, while an image is sent, how hard to compress it: as hard as the line is slow, but never so hard that the line
 * waits for it.
 */
export class Effort {
  #now: ChunkEffort;
  /** Harder than this was too slow, or of no use. */
  #most: ChunkEffort = 'small';
  /** So many times in a row the line waited for the compression. */
  #slow = 0;
  #mark = performance.now();
  #lineMs = 0;
  #chunkMs = 0;
  #bytes = 0;
  #sent = 0;
  #taken = 0;

  /** @param near true where the receiver answers so fast that the line is fast as well, for all one can tell */
  constructor(near: boolean) {
    this.#now = near ? 'none' : 'quick';
  }

  get now(): ChunkEffort {
    return this.#now;
  }

  /** A chunk was made: how long that was waited for, its bytes, and those that are left of them. */
  made(ms: number, bytes: number, left: number): void {
    this.#chunkMs += ms;
    this.#bytes += bytes;
    this.#sent += left;
  }

  /** So long it was waited until the line could take the next chunk. */
  waited(ms: number): void {
    this.#lineMs += ms;
  }

  /** The receiver has so many bytes more of what was sent. */
  taken(bytes: number): void {
    this.#taken += bytes;
    const now = performance.now();
    const passed = now - this.#mark;
    if (passed < everyMs || this.#bytes === 0) return;
    const isOfNoUse = this.#now !== 'none' && this.#sent > notWorth * this.#bytes;
    if (isOfNoUse) this.#most = 'none';
    // At first the line seems to take everything: what is under way has to fill up.
    this.#slow = this.#chunkMs > this.#lineMs ? this.#slow + 1 : 0;
    if (this.#slow > patience) {
      this.#most = lower[this.#now];
      this.#slow = 0;
    }
    const wanted = effortFor((this.#taken * 1000) / passed);
    this.#now = order[Math.min(order.indexOf(wanted), order.indexOf(this.#most))] ?? 'none';
    this.#mark = now;
    this.#lineMs = 0;
    this.#chunkMs = 0;
    this.#bytes = 0;
    this.#sent = 0;
    this.#taken = 0;
  }
}
