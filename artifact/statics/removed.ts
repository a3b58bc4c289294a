import type { DebugInfo } from '../dwarf/debug-info.ts';
import { At, Tag } from '../dwarf/numbers.ts';
import { open, scan } from '../dwarf/scan.ts';
import { variableKey } from '../dwarf/variables.ts';
import { withoutBlocks } from './keys.ts';

/** A variable that the source has, and the compiler did not leave in one piece. */
export interface RemovedVariable {
  readonly key: string;
  /** In pieces, or another form of it: its value is somewhere. Otherwise there is none, as it is never written or never read. */
  readonly split: boolean;
}

/** Finds what the optimizer removed or took apart; `known` are the keys of what is whole. */
export function findRemoved(info: DebugInfo, known: ReadonlySet<string>): RemovedVariable[] {
  const removed = new Map<string, RemovedVariable>();
  for (const found of scan(info, new Set()).variables) {
    const key = variableKey(open(found));
    if (key !== undefined) add(withoutBlocks(key), true);
  }
  for (const unit of info.units) {
    // By this flag gcc keeps all variables with static storage, and it says with which flags it was called.
    if (unit.root.text(At.producer)?.includes('-fno-toplevel-reorder') === true) continue;
    unit.each(({ tag, attributes }, offset) => {
      if (tag !== Tag.variable || !attributes.includes(At.name) || attributes.some((one) => placed.has(one))) return;
      const key = variableKey(unit.dieAt(offset));
      if (key !== undefined) add(withoutBlocks(key), false);
    });
  }
  return [...removed.values()];

  function add(key: string, split: boolean): void {
    if (!known.has(key) && !removed.has(key)) removed.set(key, { key, split });
  }
}

/** What has one of these is somewhere, or no variable of its own. */
const placed: ReadonlySet<number> = new Set([
  At.location,
  At.declaration,
  At.external,
  At.abstractOrigin,
  At.specification,
  At.artificial,
]);
