import { limits, type Type } from '../types.ts';
import type { Shape } from './match.ts';

/** From the first value to the last, both included. */
interface Stretch {
  readonly low: bigint;
  readonly high: bigint;
}

/** What the arms of a match cover so far, where its values stand in one row: integers, bools, tags of an enum. */
export class Coverage {
  readonly #all: Stretch;
  /** In order, with a gap between each and the next. */
  #covered: Stretch[] = [];

  constructor(type: Type) {
    this.#all = valuesOf(type);
  }

  /** The values that a pattern fits; undefined when it looks inside of them. */
  stretches(shape: Shape): Stretch[] | undefined {
    switch (shape.kind) {
      case 'any':
        return [this.#all];
      case 'never':
        return [];
      case 'values':
        return shape.low <= shape.high ? [shape] : [];
      case 'bool':
        return [shape.value ? { low: 1n, high: 1n } : { low: 0n, high: 0n }];
      case 'variant': {
        const tag = BigInt(shape.tag);
        return shape.parts.every((part) => part.kind === 'any') ? [{ low: tag, high: tag }] : undefined;
      }
      case 'either': {
        const parts = shape.options.map((option) => this.stretches(option));
        return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
      }
      case 'struct':
        return undefined;
    }
  }

  has({ low, high }: Stretch): boolean {
    const found = this.#covered[this.#firstFrom(low)];
    return found !== undefined && found.low <= low && high <= found.high;
  }

  add({ low, high }: Stretch): void {
    // All that it touches becomes one with it.
    const start = this.#firstFrom(low - 1n);
    let end = start;
    let first = low;
    let last = high;
    for (let next = this.#covered[end]; next !== undefined && next.low <= high + 1n; next = this.#covered[++end]) {
      if (next.low < first) first = next.low;
      if (next.high > last) last = next.high;
    }
    this.#covered.splice(start, end - start, { low: first, high: last });
  }

  /** The first values that are not covered. */
  gap(): Stretch | undefined {
    const [first, second] = this.#covered;
    if (first === undefined) return this.#all;
    if (first.low > this.#all.low) return { low: this.#all.low, high: first.low - 1n };
    if (first.high >= this.#all.high) return undefined;
    return { low: first.high + 1n, high: second === undefined ? this.#all.high : second.low - 1n };
  }

  /** The index of the first stretch that does not end before this value. */
  #firstFrom(value: bigint): number {
    let low = 0;
    let high = this.#covered.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const found = this.#covered[middle];
      if (found !== undefined && found.high < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The values of other types are not counted: they are one, which only a pattern for all of them covers. */
function valuesOf(type: Type): Stretch {
  if (type.kind === 'int') return limits(type);
  if (type.kind === 'bool') return { low: 0n, high: 1n };
  return { low: 0n, high: type.kind === 'enum' ? BigInt(type.variants.length - 1) : 0n };
}
