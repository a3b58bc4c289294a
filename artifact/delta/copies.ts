/** A copy shorter than this is not worth its place in a delta, and is refused in one. */
export const shortestCopy = 12;

/** So many copies may make new bytes of this size. With more, there is little in them, and the whole is better. */
export function mostCopies(newSize: number): number {
  return 4_096 + Math.floor(newSize / 128);
}

/** Which parts of the old bytes go where in the new ones, in the order of the new ones, in which they do not overlap. */
export class Copies {
  #numbers = new Uint32Array(3 * 256);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(from: number, to: number, length: number): void {
    if (this.#numbers.length < 3 * (this.#count + 1)) {
      const grown = new Uint32Array(this.#numbers.length * 2);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers.set([from, to, length], 3 * this.#count);
    this.#count += 1;
  }

  at(index: number): readonly [from: number, to: number, length: number] {
    const numbers = this.#numbers;
    return [numbers[3 * index] ?? 0, numbers[3 * index + 1] ?? 0, numbers[3 * index + 2] ?? 0];
  }
}
