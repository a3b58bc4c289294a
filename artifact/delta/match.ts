import { Copies, shortestCopy } from './copies.ts';

/** Bytes that are compared to find a place that might match, */
const window = 16;
/** and how far apart these places are in the old bytes. */
const stride = 16;
/** Of the places that look the same, so many are tried: those nearest to where the last match would go on. */
const tried = 6;
/** A copy goes on over differences as long as it gains more than it loses: a byte that is the same counts 1, */
const penalty = 3;
/** and it ends where it has lost so much that it is not worth waiting. */
const patience = 48;
const mostStep = 8;
/** So many bits more of a hash than the buckets use say whether it is worth to look into one. */
const filterBits = 4;

/**
 * Finds what of the new bytes is in the old ones, nearly. Copies may contain differing bytes; they are as long as that is
 * worth it. The work grows with the sizes only: no content makes it slow.
 */
export function findCopies(old: Uint8Array, next: Uint8Array): Copies {
  const copies = new Copies();
  const index = new WindowIndex(old, next);
  let free = 0; // The new bytes before it are dealt with.
  let shift = 0; // From a new place to the old one, in the last copy.
  let at = 0;
  let missed = 0; // Places since the last copy at which nothing matched.
  while (at + shortestCopy <= next.byteLength) {
    const from = sameStart(old, next, at + shift, at) ? at + shift : index.nearest(next, at, at + shift);
    if (from < 0) {
      // The longer nothing matches, the larger the steps: what is all new costs little, and a long match is still found.
      at += 1 + Math.min(mostStep - 1, missed >> 11);
      missed += 1;
      continue;
    }
    missed = 0;
    const start = at - extendBack(old, next, from, at, free);
    const end = at + extend(old, next, from, at);
    if (end - start < shortestCopy) {
      at += 1;
      continue;
    }
    shift = from - at;
    copies.add(start + shift, start, end - start);
    at = end;
    free = end;
  }
  return copies;
}

/** Whether enough bytes are the same to go on where the last copy was left. */
function sameStart(old: Uint8Array, next: Uint8Array, from: number, at: number): boolean {
  if (from < 0 || from + shortestCopy > old.byteLength) return false;
  for (let index = 0; index < shortestCopy; index += 1) if (old[from + index] !== next[at + index]) return false;
  return true;
}

function extendBack(old: Uint8Array, next: Uint8Array, from: number, at: number, free: number): number {
  const most = Math.min(from, at - free);
  let length = 0;
  while (length < most && old[from - length - 1] === next[at - length - 1]) length += 1;
  return length;
}

/** How many bytes from here on are worth a copy: the X-drop rule of BLAST, without gaps. */
function extend(old: Uint8Array, next: Uint8Array, from: number, at: number): number {
  const most = Math.min(old.byteLength - from, next.byteLength - at);
  let [score, best, bestLength] = [0, 0, 0];
  for (let length = 0; length < most; ) {
    if (old[from + length] === next[at + length]) score += 1;
    else score -= penalty;
    length += 1;
    if (score > best) {
      best = score;
      bestLength = length;
    } else if (score < best - patience) break;
  }
  return bestLength;
}

/** The old bytes by what stands in every `window` of them, each bucket in order. */
class WindowIndex {
  readonly #old: Uint8Array;
  readonly #next: DataView;
  readonly #bits: number;
  /** One bit for each hash that there is: small enough to stay in the processor's cache, where the rest does not. */
  readonly #filter: Uint8Array;
  /** Bucket b has the places from ends[b - 1] to ends[b]. */
  readonly #ends: Uint32Array;
  readonly #places: Uint32Array;

  constructor(old: Uint8Array, next: Uint8Array) {
    this.#old = old;
    this.#next = viewOf(next);
    const view = viewOf(old);
    const count = Math.max(0, Math.floor((old.byteLength - window) / stride) + 1);
    this.#bits = Math.min(21, Math.max(8, 32 - Math.clz32(count)));
    this.#filter = new Uint8Array(1 << (this.#bits + filterBits - 3));
    const hashes = new Uint32Array(count);
    const ends = new Uint32Array((1 << this.#bits) + 1);
    for (let index = 0; index < count; index += 1) {
      const fine = this.#hash(view, index * stride);
      const hash = fine >>> filterBits;
      this.#filter[fine >>> 3] = (this.#filter[fine >>> 3] ?? 0) | (1 << (fine & 7));
      hashes[index] = hash;
      ends[hash + 1] = (ends[hash + 1] ?? 0) + 1;
    }
    for (let bucket = 1; bucket < ends.length; bucket += 1)
      ends[bucket] = (ends[bucket] ?? 0) + (ends[bucket - 1] ?? 0);
    const places = new Uint32Array(count);
    for (let index = 0; index < count; index += 1) {
      const hash = hashes[index] ?? 0;
      const slot = ends[hash] ?? 0;
      places[slot] = index * stride;
      ends[hash] = slot + 1;
    }
    this.#ends = ends;
    this.#places = places;
  }

  /** The best old place for the new bytes at `at`, or -1: of the few nearest to `expected`, the one that matches longest. */
  nearest(next: Uint8Array, at: number, expected: number): number {
    if (at + window > next.byteLength || this.#places.length === 0) return -1;
    const fine = this.#hash(this.#next, at);
    if ((((this.#filter[fine >>> 3] ?? 0) >>> (fine & 7)) & 1) === 0) return -1;
    const hash = fine >>> filterBits;
    const first = hash === 0 ? 0 : (this.#ends[hash - 1] ?? 0);
    const end = this.#ends[hash] ?? 0;
    if (first === end) return -1;
    let [low, high] = [first, end];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#places[middle] ?? 0) < expected) low = middle + 1;
      else high = middle;
    }
    let [best, bestLength] = [-1, shortestCopy - 1];
    let below = low - 1;
    let above = low;
    for (let count = 0; count < tried && (below >= first || above < end); count += 1) {
      const placeBelow = below >= first ? (this.#places[below] ?? 0) : Number.NEGATIVE_INFINITY;
      const placeAbove = above < end ? (this.#places[above] ?? 0) : Number.POSITIVE_INFINITY;
      const isBelow = expected - placeBelow < placeAbove - expected;
      if (isBelow) below -= 1;
      else above += 1;
      const place = isBelow ? placeBelow : placeAbove;
      const length = this.#common(next, place, at);
      if (length <= bestLength) continue;
      best = place;
      bestLength = length;
    }
    return best;
  }

  /** How many bytes are the same, up to a length that tells good from better. */
  #common(next: Uint8Array, from: number, at: number): number {
    const most = Math.min(this.#old.byteLength - from, next.byteLength - at, 256);
    let length = 0;
    while (length < most && this.#old[from + length] === next[at + length]) length += 1;
    return length;
  }

  /** A number of `#bits + filterBits` bits. */
  #hash(view: DataView, at: number): number {
    let hash = Math.imul(view.getUint32(at, true), 0x9e3779b1);
    hash = Math.imul((hash ^ (hash >>> 15)) + view.getUint32(at + 4, true), 0x9e3779b1);
    hash = Math.imul((hash ^ (hash >>> 15)) + view.getUint32(at + 8, true), 0x9e3779b1);
    hash = Math.imul((hash ^ (hash >>> 15)) + view.getUint32(at + 12, true), 0x85ebca6b);
    return hash >>> (32 - this.#bits - filterBits);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
