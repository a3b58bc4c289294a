import type { HistoryEntry } from '../store/history-file.ts';
import { Group } from './group.ts';
import type { Lineage } from './lineage.ts';

/** What an instance that (re)connected is to be brought to. */
export interface Coming {
  readonly module: string;
  /** A version that was on its way when the agent ended, or the desired one. */
  readonly entry: HistoryEntry;
  /** Brings it there, in one go with the others of the group. */
  begin(group?: Group): void;
  /** Ends what was on its way, as what came with it cannot come any more. */
  abandon(): void;
}

/** The versions of a module of it. */
type OfModule = { readonly module: string; readonly lineage: Lineage };

/**
 * A program (re)connected, and these versions come to it: those that were pushed together come together.
 *
 * @param queues those of all its modules
 */
export function bringTogether(coming: readonly Coming[], queues: readonly OfModule[]): void {
  const groups = new Map<HistoryEntry['group'] | string, Coming[]>();
  for (const each of coming) {
    const { group, outcome } = each.entry;
    if (group !== undefined && outcome === 'pending' && !canCome(each, queues)) {
      each.abandon();
      continue;
    }
    // What is on its way flies, and what was confirmed is restored: each with its like.
    const key = group === undefined ? each.module : `${group.id} ${outcome}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  for (const members of groups.values()) {
    const [first] = members;
    const id = first?.entry.group?.id;
    const group =
      id === undefined || members.length < 2
        ? undefined
        : new Group(
            id,
            members.map(({ module }) => module),
          );
    for (const each of members) each.begin(group);
  }
}

/** Whether all that was pushed with it is there and has not failed. Else nothing was ordered, or all was taken back. */
function canCome({ entry: { group }, module }: Coming, queues: readonly OfModule[]): boolean {
  return [module, ...(group?.together ?? [])].every((name) => {
    const entries = queues.find((queue) => queue.module === name)?.lineage.entries;
    const outcome = entries?.findLast((entry) => entry.group?.id === group?.id)?.outcome;
    return outcome === 'pending' || outcome === 'confirmed';
  });
}
