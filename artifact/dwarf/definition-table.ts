import type { Unit } from './unit.ts';

/** Where the definitions of named records and enums are, by a hash of their names: hundreds of thousands, so as numbers. */
export class DefinitionTable {
  readonly #units: Unit[] = [];
  /** For each unit, the number of its first definition. */
  readonly #from: number[] = [];
  #hashes = new Int32Array(4_096);
  #offsets = new Int32Array(4_096);
  #count = 0;

  add(unit: Unit, offset: number, hash: number): void {
    if (this.#units.at(-1) !== unit) {
      this.#units.push(unit);
      this.#from.push(this.#count);
    }
    if (this.#count === this.#hashes.length) {
      this.#hashes = grown(this.#hashes);
      this.#offsets = grown(this.#offsets);
    }
    this.#hashes[this.#count] = hash;
    this.#offsets[this.#count] = offset;
    this.#count += 1;
  }

  /** Those whose names may have this hash, in the order of the image. */
  *withHash(hash: number): Generator<{ readonly unit: Unit; readonly offset: number }> {
    let owner = 0;
    for (let index = this.#hashes.indexOf(hash); index !== -1 && index < this.#count; ) {
      while ((this.#from[owner + 1] ?? Number.POSITIVE_INFINITY) <= index) owner += 1;
      const unit = this.#units[owner];
      if (unit !== undefined) yield { unit, offset: this.#offsets[index] ?? 0 };
      index = this.#hashes.indexOf(hash, index + 1);
    }
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const more = new Int32Array(array.length * 4);
  more.set(array);
  return more;
}
