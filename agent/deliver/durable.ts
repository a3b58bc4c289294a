import type { ModuleHistory } from '../store/history.ts';
import type { HistoryEntry } from '../store/history-file.ts';
import type { ImageStore } from '../store/images.ts';
import type { Code } from './code.ts';
import type { Lineage } from './lineage.ts';

/**
 * Confirmed means durable: image and history are on the disk before it is said.
 *
 * @param refines whether the code is the optimized build of a version that is there
 * @throws VaisError `storage`; the lineage is as it was then
 */
export async function makeDurable(
  entry: HistoryEntry,
  code: Code,
  refines: boolean,
  lineage: Lineage,
  history: ModuleHistory,
  images: ImageStore,
): Promise<void> {
  if (code.image !== undefined) await images.sync(code.image.digest);
  if (refines) lineage.refine(entry, code);
  const takeBack = lineage.confirm(entry);
  try {
    await history.save(true);
  } catch (thrown) {
    if (refines) lineage.unrefine(entry);
    takeBack();
    throw thrown;
  }
}
