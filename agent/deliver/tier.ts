import { VaisError } from '../../common/error.ts';
import type { HistoryEntry, Lineage } from '../store/history.ts';
import { entryOf } from './lineage.ts';
import type { Code, Push } from './push.ts';

/**
 * Two tiers of one version: the fast build runs first, and the optimized one of the same source takes its place when it
 * is there. The number stays; the entry keeps both builds, and goes back to the fast one when the other fails.
 */

/**
 * The version whose fast build the push replaces.
 *
 * @throws VaisError `superseded` when the program is to run something else by now
 */
export function refinable(lineage: Lineage, { refines, module }: Push): HistoryEntry {
  const entry = entryOf(lineage, lineage.desired);
  if (entry !== undefined && entry.digest === refines && entry.outcome === 'confirmed') return entry;
  throw new VaisError('superseded', `${module} does not run the version any more that this build is of`);
}

/** True when the version is of this image, in either tier. */
export function isOf(entry: HistoryEntry, { image }: Code): boolean {
  return entry.digest === image?.digest || (image !== undefined && entry.fast?.digest === image.digest);
}

/** The optimized build is the version's own from now on. */
export function takeTier(entry: HistoryEntry, { image, buildId, tier }: Code): void {
  if (image === undefined || entry.digest === undefined || entry.digest === image.digest) return;
  const { digest, size = 0, buildId: fast } = entry;
  entry.fast = { digest, size, buildId: fast };
  Object.assign(entry, { ...image, buildId, tier });
}

/** The version is its fast build again. False when it had no other. */
export function dropTier(entry: HistoryEntry): boolean {
  if (entry.fast === undefined) return false;
  Object.assign(entry, { ...entry.fast, tier: 'fast' });
  delete entry.fast;
  return true;
}
