import { statfs } from 'node:fs/promises';
import type { Storage } from '../../rpc/gen/vais/remote/v1/Storage.ts';
import type { DataFolder } from './data-folder.ts';
import type { StorageFaults } from './faults.ts';
import type { ImageStore } from './images.ts';

/** So many files that were set aside are named. */
const mostNamed = 32;

/** What a data folder takes and keeps, and what is wrong with it. */
export async function storageOf(deps: {
  readonly data: DataFolder;
  readonly images: ImageStore;
  readonly faults: StorageFaults;
  readonly keep: number;
}): Promise<Storage> {
  const { data, images, faults, keep } = deps;
  const free = await statfs(data.path).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  const usage = await images.usage().catch(() => ({ count: 0, bytes: 0 }));
  await data.quarantine.look().catch(() => undefined);
  return {
    images: usage.count,
    imageBytes: usage.bytes,
    maxImageBytes: Number.isFinite(images.maxBytes) ? images.maxBytes : 0,
    freeBytes: free,
    keep,
    quarantined: data.quarantine.all.slice(0, mostNamed).map(({ aside, file, why, at }) => ({
      ...{ aside, file, why },
      atUnixMs: Math.round(at),
    })),
    faults: [...faults.all],
  };
}
