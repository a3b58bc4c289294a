import type { HistoryEntry, Lineage, ModuleHistory } from '../store/history.ts';
import type { ImageStore } from '../store/images.ts';
import type { Push } from './push.ts';
import { dropTier, takeTier } from './tier.ts';

/**
 * Confirmed means durable: image and history are on the disk before it is said.
 *
 * @throws VaisError `storage`; the lineage is as it was then
 */
export async function makeDurable(
  entry: HistoryEntry,
  { code, refines }: Push,
  lineage: Lineage,
  history: ModuleHistory,
  images: ImageStore,
): Promise<void> {
  if (code.image !== undefined) await images.sync(code.image.digest);
  const [before, outcome] = [lineage.desired, entry.outcome];
  if (refines !== undefined) takeTier(entry, code);
  entry.outcome = 'confirmed';
  lineage.desired = entry.version;
  try {
    await history.save(true);
  } catch (thrown) {
    if (refines !== undefined) dropTier(entry);
    entry.outcome = outcome;
    lineage.desired = before;
    throw thrown;
  }
}
