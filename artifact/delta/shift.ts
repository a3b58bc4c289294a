import type { Copies } from './copies.ts';
import type { Span } from './span.ts';

/** Addresses from `start` to `start + length` in the old library are `shift` bytes further on in the new one. */
export interface Run {
  readonly start: number;
  readonly length: number;
  readonly shift: number;
}

/**
 * How far each old address has moved, as told by the copies: what was copied from there to here has moved by the distance.
 * Between two copies the one before counts. `fixes` say better, for addresses that no copy covers, such as variables that
 * begin as zero and have no bytes in the file.
 */
export class ShiftMap {
  readonly #starts: Float64Array;
  readonly #shifts: Float64Array;
  readonly #fixes: ShiftMap | undefined;
  readonly #ends: Float64Array;
  #last = 0;

  constructor(runs: readonly Run[], fixes: readonly Run[] = []) {
    const kept = separate(runs);
    this.#starts = Float64Array.from(kept, ({ start }) => start);
    this.#ends = Float64Array.from(kept, ({ start, length }) => start + length);
    this.#shifts = Float64Array.from(kept, ({ shift }) => shift);
    this.#fixes = fixes.length === 0 ? undefined : new ShiftMap(fixes);
  }

  /** The shift of an old address. */
  of(address: number): number {
    if (this.#fixes !== undefined) {
      const fixed = this.#fixes.#within(address);
      if (fixed !== undefined) return fixed;
    }
    return this.#shifts[this.#find(address)] ?? 0;
  }

  #within(address: number): number | undefined {
    const index = this.#find(address);
    const isIn = address >= (this.#starts[index] ?? Infinity) && address < (this.#ends[index] ?? 0);
    return isIn ? this.#shifts[index] : undefined;
  }

  /** The last run that begins at the address or before it; the first when there is none. */
  #find(address: number): number {
    const starts = this.#starts;
    const last = this.#last;
    if ((starts[last] ?? Infinity) <= address && address < (starts[last + 1] ?? Infinity)) return last;
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? 0) <= address) low = middle;
      else high = middle;
    }
    this.#last = low;
    return low;
  }
}

/** The runs by start, apart from each other: of two that overlap, the longer keeps the common part. */
function separate(runs: readonly Run[]): Run[] {
  const kept: Run[] = [];
  for (const run of [...runs].sort((a, b) => a.start - b.start)) {
    const before = kept.at(-1);
    const over = before === undefined ? 0 : before.start + before.length - run.start;
    if (before === undefined || over <= 0) kept.push(run);
    else if (run.length > before.length) {
      kept[kept.length - 1] = { ...before, length: before.length - over };
      kept.push(run);
    } else if (run.length > over) {
      kept.push({ start: run.start + over, length: run.length - over, shift: run.shift });
    }
  }
  return kept;
}

/** The runs of memory that the copies are; both lists of spans are sorted and apart. */
export function memoryRuns(copies: Copies, oldSpans: readonly Span[], newSpans: readonly Span[]): Run[] {
  const runs: Run[] = [];
  for (let index = 0; index < copies.count; index += 1) {
    const [from, to, length] = copies.at(index);
    for (const old of oldSpans) {
      const start = Math.max(from, old.offset);
      const end = Math.min(from + length, old.offset + old.size);
      if (start >= end) continue;
      for (const next of newSpans) {
        const newStart = Math.max(start - from + to, next.offset);
        const newEnd = Math.min(end - from + to, next.offset + next.size);
        if (newStart >= newEnd) continue;
        const address = newStart - to + from - old.offset + old.address;
        runs.push({
          start: address,
          length: newEnd - newStart,
          shift: newStart - next.offset + next.address - address,
        });
      }
    }
  }
  return runs;
}

/** The runs of the file that the copies are. */
export function fileRuns(copies: Copies): Run[] {
  return Array.from({ length: copies.count }, (_, index): Run => {
    const [from, to, length] = copies.at(index);
    return { start: from, length, shift: to - from };
  });
}
