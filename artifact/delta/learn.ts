import type { Copies } from './copies.ts';
import { field } from './field.ts';
import type { Layout } from './layout.ts';
import type { Shifts } from './predict.ts';
import { firstAtOrAfter } from './references.ts';
import type { Run } from './shift.ts';

/** A fix must mend so many references: for one, the bytes that it got wrong are as short. */
const worthwhile = 2;
/** More fixes than that are no longer a small change. */
export const mostFixes = 65_536;

/**
 * Learns where the shifts tell wrong: in a copy, an old reference stands where a new one does, so what the new one names is
 * where the old target went. Variables that begin as zero are found in this way, and what is in no copy.
 */
export function learnFixes(copies: Copies, old: Layout, next: Layout, { memory }: Shifts): Run[] {
  const wrong: number[] = []; // Pairs of an old target and its shift.
  forEachPair(copies, old, next, (target, shift) => {
    if (memory.of(target) !== shift) wrong.push(target, shift);
  });
  if (wrong.length === 0) return [];
  const votes = countVotes(wrong);
  const targets = Float64Array.from(votes.keys()).sort();
  // breaks[n]: between the targets n - 1 and n there is one that is right already, so no run may go over it.
  const breaks = new Uint8Array(targets.length + 1);
  const against = new Uint32Array(targets.length);
  forEachPair(copies, old, next, (target, shift) => {
    if (memory.of(target) !== shift) return;
    const index = rank(targets, target);
    if (targets[index] === target) against[index] = (against[index] ?? 0) + 1;
    else breaks[index] = 1;
  });
  const runs: { start: number; end: number; shift: number; votes: number }[] = [];
  let open = false;
  targets.forEach((target, index) => {
    const { shift, count } = votes.get(target) ?? { shift: 0, count: 0 };
    if (breaks[index] === 1) open = false;
    if (count <= (against[index] ?? 0)) {
      open = false;
      return;
    }
    const last = runs.at(-1);
    if (open && last !== undefined && last.shift === shift) {
      last.end = target + 1;
      last.votes += count;
    } else runs.push({ start: target, end: target + 1, shift, votes: count });
    open = true;
  });
  return runs
    .filter(({ votes }) => votes >= worthwhile)
    .slice(0, mostFixes)
    .map(({ start, end, shift }) => ({ start, length: end - start, shift }));
}

/** Calls back for each old reference that has a new one of its kind in the same place of a copy. */
function forEachPair(copies: Copies, old: Layout, next: Layout, found: (target: number, shift: number) => void): void {
  const [a, b] = [old.references, next.references];
  for (let copy = 0; copy < copies.count; copy += 1) {
    const [from, to, length] = copies.at(copy);
    let other = firstAtOrAfter(b, to);
    for (let index = firstAtOrAfter(a, from); index < a.count; index += 1) {
      const place = (a.at[index] ?? 0) - from;
      if (place >= length) break;
      while (other < b.count && (b.at[other] ?? 0) - to < place) other += 1;
      if (other >= b.count) break;
      if ((b.at[other] ?? 0) - to !== place || a.kind[index] !== b.kind[other]) continue;
      if (a.kind[index] === field.fileOffset32) continue;
      const target = a.target[index] ?? 0;
      found(target, (b.target[other] ?? 0) - target);
    }
  }
}

/** For each target the shift that most of its references ask for (by Boyer and Moore), and how many do at least. */
function countVotes(pairs: readonly number[]): Map<number, { shift: number; count: number }> {
  const votes = new Map<number, { shift: number; count: number }>();
  for (let index = 0; index < pairs.length; index += 2) {
    const [target = 0, shift = 0] = [pairs[index], pairs[index + 1]];
    const vote = votes.get(target);
    if (vote === undefined) votes.set(target, { shift, count: 1 });
    else if (vote.shift === shift) vote.count += 1;
    else if (vote.count > 1) vote.count -= 1;
    else vote.shift = shift;
  }
  return votes;
}

/** How many of the sorted numbers are below. */
function rank(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
