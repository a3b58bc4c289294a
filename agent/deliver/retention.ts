import type { Digest } from '../../common/digest.ts';
import type { HistoryEntry, LineageRecord } from '../store/history-file.ts';
import type { Lineage } from './lineage.ts';

/**
 * What is kept of the versions of a module, and what may go. Never what runs, what is desired, what is on its way, or what a
 * rollback without a number would bring back. Nothing here touches a file.
 */

/** So many lines of versions are kept for each module, those that ran last; a rebuilt program begins a new one. */
export const keptLines = 8;
/** So many entries of a line are remembered after their images have gone. */
const keptEntries = 1_000;

/** The versions of a line whose images must stay, whatever the policy. */
function needed(lineage: Lineage, running: ReadonlySet<number>): Set<HistoryEntry> {
  const { before } = lineage;
  return new Set(
    lineage.entries.filter(
      ({ version, outcome }) =>
        version === lineage.desired || version === before || outcome === 'pending' || running.has(version),
    ),
  );
}

/** The images of an entry. */
export function imagesOf({ digest, fast }: HistoryEntry): Digest[] {
  return [digest, fast?.digest].filter((each) => each !== undefined);
}

/**
 * The entries of a line whose images stay: those that are needed, and the newest.
 *
 * @param versions how many versions are kept
 * @param running the versions that some instance runs
 */
export function kept(lineage: Lineage, versions: number, running: ReadonlySet<number>): Set<HistoryEntry> {
  const ran = lineage.entries.filter(({ version, digest }) => version > 0 && digest !== undefined);
  ran.sort((a, b) => a.version - b.version);
  return new Set([...needed(lineage, running), ...ran.slice(-versions)]);
}

/** The kept entries that could go as well where there is no room, the oldest first. */
export function spare(lineage: Lineage, all: ReadonlySet<HistoryEntry>, running: ReadonlySet<number>): HistoryEntry[] {
  const must = needed(lineage, running);
  return [...all].filter((entry) => !must.has(entry)).sort((a, b) => a.version - b.version);
}

/** The lines that may go as a whole: all but those that ran last, and those of programs that are connected. */
export function oldLines(lineages: readonly LineageRecord[], connected: ReadonlySet<string>): LineageRecord[] {
  return lineages.slice(0, -keptLines).filter(({ base }) => !connected.has(base));
}

/** Marks the entries whose images are not kept, and forgets the oldest of a long line. Returns whether anything changed. */
export function trim(lineage: Lineage, stays: (digest: Digest) => boolean): boolean {
  const changed = lineage.mark(stays);
  const surplus = lineage.entries.length - keptEntries;
  if (surplus <= 0) return changed;
  const old = lineage.entries.filter((entry) => entry.version === 0 || entry.cleaned === true).slice(0, surplus);
  if (old.length === 0) return changed;
  lineage.forget(new Set(old));
  return true;
}

/** Why a version cannot be had. */
export function whyGone(lineage: Lineage, module: string, version: number): string {
  const entry = lineage.entry(version);
  const which = `version ${version} of ${module}`;
  const isForgotten = entry === undefined && version > 0 && version <= lineage.forgotten;
  if (isForgotten || entry?.cleaned === true) return `${which} was cleaned away: its image is not kept any more`;
  if (entry === undefined) return `${module} has had no version ${version}`;
  return `${which} has lost its image: somebody removed it, or it was damaged and set aside. Push it again`;
}
