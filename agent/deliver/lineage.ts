import { formatContract } from '../../artifact/contract/records.ts';
import { VaisError } from '../../common/error.ts';
import type { LinkedModule } from '../link/program-link.ts';
import type { HistoryEntry, Lineage } from '../store/history.ts';
import type { Code, Push } from './push.ts';

/** What follows from a line of versions. */

/** The entry of a version that ran. */
export function entryOf({ entries }: Lineage, version: number): HistoryEntry | undefined {
  return version > 0 ? entries.find((entry) => entry.version === version) : undefined;
}

/** The number that the next version gets. */
export function nextVersion({ entries, forgotten = 0 }: Lineage): number {
  return 1 + Math.max(forgotten, ...entries.map(({ version }) => version));
}

/** The version before the one that is desired: the newest confirmed one whose code is another. */
export function versionBefore(lineage: Lineage): number | undefined {
  const now = entryOf(lineage, lineage.desired);
  // A rollback stands for the version that it brought back: going back once more goes further back.
  const from = now?.rollbackTo ?? lineage.desired;
  return lineage.entries.findLast(
    ({ version, outcome, digest }) =>
      version > 0 && version < from && outcome === 'confirmed' && digest !== now?.digest,
  )?.version;
}

/** Writes a push down that is about to be ordered. */
export function begin({ entries }: Lineage, push: Push): HistoryEntry {
  const { image, buildId, tier } = push.code;
  const entry: HistoryEntry = {
    version: push.version,
    outcome: 'pending',
    origin: push.origin,
    ...(image === undefined ? {} : { digest: image.digest, size: image.size }),
    buildId,
    ...(tier === undefined ? {} : { tier }),
    at: Date.now(),
    ...(push.rollbackTo === undefined ? {} : { rollbackTo: push.rollbackTo }),
    ...groupOf(push),
  };
  entries.push(entry);
  return entry;
}

function groupOf({ group, module }: Push): Pick<HistoryEntry, 'group'> {
  const together = group?.besides(module) ?? [];
  return group === undefined || together.length === 0 ? {} : { group: { id: group.id, together } };
}

/** The code of an entry as far as the entry tells it. */
export function codeOfEntry({ digest, size, buildId }: HistoryEntry): Code {
  return digest === undefined ? { buildId } : { image: { digest, size: size ?? 0 }, buildId };
}

/** True when the module runs what the entry stands for. */
export function runs(module: LinkedModule | undefined, entry: HistoryEntry | undefined): boolean {
  return module !== undefined && module.version === entry?.version && module.digest === entry.digest;
}

/**
 * Takes what a program says it runs into the lineage: a version that came from elsewhere, or one that this agent lost
 * sight of when it was killed. Returns the entry of a version that is still on its way: it had been ordered, so it may
 * run any moment, and only its end can be told truly.
 */
export function adopt(lineage: Lineage, module: LinkedModule): HistoryEntry | undefined {
  if (module.digest === undefined && module.buildId === lineage.base)
    lineage.contract = formatContract(module.contract);
  const known = entryOf(lineage, module.version);
  if (known === undefined && module.version >= nextVersion(lineage)) {
    const { version, digest, buildId } = module;
    const image = digest === undefined ? {} : { digest };
    lineage.entries.push({ version, outcome: 'confirmed', origin: 'start', ...image, buildId, at: Date.now() });
    lineage.desired = version;
  }
  const newest = nextVersion(lineage) - 1;
  let onItsWay: HistoryEntry | undefined;
  for (const entry of lineage.entries) {
    if (entry.outcome !== 'pending') continue;
    if (entry.version === newest) onItsWay = entry;
    else Object.assign(entry, { outcome: 'superseded', reason: lostSight.toJSON() } satisfies Partial<HistoryEntry>);
  }
  return onItsWay;
}

export const lostSight = new VaisError('superseded', 'the agent ended before it knew what became of this version');

/**
 * A version that had been confirmed, or might have been, failed: another one is desired from now on. False when
 * it had failed already.
 *
 * @param running what the program went back to by itself, where it did
 */
export function demote(lineage: Lineage, entry: HistoryEntry, reason: VaisError, running?: number): boolean {
  if (entry.outcome !== 'confirmed' && entry.outcome !== 'pending') return false;
  if (lineage.desired === entry.version) {
    const held = running !== undefined && entryOf(lineage, running)?.outcome === 'confirmed' ? running : undefined;
    lineage.desired = held ?? versionBefore(lineage) ?? 1;
  }
  entry.outcome = 'reverted';
  entry.reason = reason.toJSON();
  return true;
}

/** Ends an entry that never ran; it gives its number back, so that the versions have no gap. */
export function neverRan(entry: HistoryEntry, outcome: 'refused' | 'reverted' | 'superseded', reason: VaisError): void {
  entry.outcome = outcome;
  entry.version = 0;
  entry.reason = reason.toJSON();
}
