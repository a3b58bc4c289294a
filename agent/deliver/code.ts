import type { Tier } from '../../artifact/act/manifest.ts';
import type { Contract } from '../../artifact/contract/contract.ts';
import type { Digest } from '../../common/digest.ts';
import type { LoadOrder } from '../link/program-link.ts';
import type { ImageStore } from '../store/images.ts';

/** The code that a push or a rollback wants to run. */
export interface Code {
  /** Undefined for the code that the program started with. */
  readonly image?: { readonly digest: Digest; readonly size: number };
  readonly buildId: string;
  readonly tier?: Tier;
  /** What it promises, where that is known. */
  readonly contract?: Contract;
}

/** The order that makes an instance run this code as this version. */
export function orderFor(
  { module, version }: { readonly module: string; readonly version: number },
  { image, buildId }: Code,
  images: ImageStore,
  group?: string,
): LoadOrder {
  const order = { module, version, ...(group === undefined ? {} : { group }) };
  if (image === undefined) return order;
  return { ...order, image: { ...image, buildId, path: images.path(image.digest) } };
}
