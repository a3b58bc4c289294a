import { VaisError } from '../../common/error.ts';
import { fieldSize } from './field.ts';

/** References, sorted by place and apart from each other. Addresses and offsets are below 2^32. */
export interface References {
  readonly count: number;
  /** Where the field is in the file. */
  readonly at: Uint32Array;
  readonly kind: Uint8Array;
  /** The address that it names; for `fileOffset32`, the place in the file. */
  readonly target: Uint32Array;
  /** The address, or the place in the file, that it counts from; 0 for kinds that have none. */
  readonly anchor: Uint32Array;
}

/** Takes references: best in the order of their places, or in a few stretches that are each in order. */
export class ReferenceCollector {
  readonly #fileSize: number;
  #capacity = 1_024;
  #count = 0;
  #last = -1;
  /** The index at which each stretch begins. */
  #stretches: number[] = [];
  #at = new Uint32Array(this.#capacity);
  #kind = new Uint8Array(this.#capacity);
  #target = new Uint32Array(this.#capacity);
  #anchor = new Uint32Array(this.#capacity);

  constructor(fileSize: number) {
    this.#fileSize = fileSize;
  }

  add(at: number, kind: number, target: number, anchor: number): void {
    if (this.#count === this.#capacity) this.#grow();
    const index = this.#count++;
    this.#at[index] = at;
    this.#kind[index] = kind;
    this.#target[index] = target;
    this.#anchor[index] = anchor;
    if (at < this.#last || this.#count === 1) this.#stretches.push(index);
    this.#last = at;
  }

  /** The references by place; of those that overlap, the first. */
  finish(): References {
    const order = this.#order();
    const result = {
      at: new Uint32Array(this.#count),
      kind: new Uint8Array(this.#count),
      target: new Uint32Array(this.#count),
      anchor: new Uint32Array(this.#count),
    };
    let count = 0;
    let end = 0;
    for (let rank = 0; rank < this.#count; rank += 1) {
      const index = order === undefined ? rank : (order[rank] ?? 0);
      const at = this.#at[index] ?? 0;
      const kind = this.#kind[index] ?? 0;
      if (at < end || at + fieldSize(kind) > this.#fileSize) continue;
      end = at + fieldSize(kind);
      result.at[count] = at;
      result.kind[count] = kind;
      result.target[count] = this.#target[index] ?? 0;
      result.anchor[count] = this.#anchor[index] ?? 0;
      count += 1;
    }
    return { count, ...result };
  }

  /** The indices in the order of their places; undefined when they are in it already. */
  #order(): Uint32Array | undefined {
    if (this.#stretches.length <= 1) return undefined;
    const ends = [...this.#stretches.slice(1), this.#count];
    const stretches = this.#stretches.map((first, index) => ({ first, end: ends[index] ?? 0 }));
    stretches.sort((a, b) => (this.#at[a.first] ?? 0) - (this.#at[b.first] ?? 0));
    const order = new Uint32Array(this.#count);
    let count = 0;
    let merged = 0;
    for (const { first, end } of stretches) {
      const start = this.#at[first] ?? 0;
      let kept = count;
      while (kept > 0 && (this.#at[order[kept - 1] ?? 0] ?? 0) > start) kept -= 1;
      // A few stretches are merged sooner than all is sorted, and many are not.
      merged += count - kept;
      if (merged > 8 * this.#count) return this.#sort();
      const tail = order.slice(kept, count);
      let index = first;
      for (const other of tail) {
        while (index < end && (this.#at[index] ?? 0) < (this.#at[other] ?? 0)) order[kept++] = index++;
        order[kept++] = other;
      }
      while (index < end) order[kept++] = index++;
      count = kept;
    }
    return order;
  }

  /** Sorts numbers whose low 25 bits are the index: plain numbers sort far faster than anything by a function. */
  #sort(): Uint32Array {
    const keys = new Float64Array(this.#count);
    for (let index = 0; index < this.#count; index += 1) keys[index] = (this.#at[index] ?? 0) * 0x200_0000 + index;
    return Uint32Array.from(keys.sort(), (key) => key % 0x200_0000);
  }

  #grow(): void {
    // More references than that would not fit the keys above, and no library of a size that we take has them.
    if (this.#capacity >= 0x200_0000) throw new VaisError('image_invalid', 'the library has over 2^25 references');
    this.#capacity *= 2;
    const grow = <A extends Uint8Array | Uint32Array>(from: A, to: A): A => {
      to.set(from);
      return to;
    };
    this.#at = grow(this.#at, new Uint32Array(this.#capacity));
    this.#kind = grow(this.#kind, new Uint8Array(this.#capacity));
    this.#target = grow(this.#target, new Uint32Array(this.#capacity));
    this.#anchor = grow(this.#anchor, new Uint32Array(this.#capacity));
  }
}

/** The index of the first reference at this place or behind it. */
export function firstAtOrAfter({ at, count }: References, place: number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((at[middle] ?? 0) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
