import { formatContract } from '../artifact/records.ts';
import { VaisError } from '../common/error.ts';
import type { HistoryEntry, Lineage } from './history.ts';
import type { LinkedModule } from './program.ts';
import type { Code, Push } from './push.ts';

/** What follows from a line of versions. */

/** The entry of a version that ran. */
export function entryOf({ entries }: Lineage, version: number): HistoryEntry | undefined {
  return version > 0 ? entries.find((entry) => entry.version === version) : undefined;
}

/** The number that the next version gets. */
export function nextVersion({ entries }: Lineage): number {
  return 1 + Math.max(...entries.map(({ version }) => version));
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
  };
  entries.push(entry);
  return entry;
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
 * Takes what a program says it runs into the lineage: a version that an agent with another data folder gave it, or one
 * that this agent lost sight of when it was killed. Returns the entry of a version that is still on its way.
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
  let onItsWay: HistoryEntry | undefined;
  for (const entry of lineage.entries) {
    if (entry.outcome !== 'pending') continue;
    if (entry === known && runs(module, entry)) onItsWay = entry;
    else
      neverRan(entry, 'superseded', new VaisError('superseded', 'the agent stopped before this version had swapped'));
  }
  return onItsWay;
}

/** Ends an entry that never ran; it gives its number back, so that the versions have no gap. */
export function neverRan(entry: HistoryEntry, outcome: 'refused' | 'reverted' | 'superseded', reason: VaisError): void {
  entry.outcome = outcome;
  entry.version = 0;
  entry.reason = reason.toJSON();
}
