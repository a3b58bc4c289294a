import type { Manifest } from '../../artifact/act/manifest.ts';
import type { Image } from '../../artifact/contract/image.ts';
import { readImage } from '../../artifact/contract/image.ts';
import type { Group } from '../deliver/group.ts';
import type { ImageStore } from '../store/images.ts';
import type { Admission } from '../trust/authorize.ts';

/** An offer that was admitted. */
export interface Offered {
  readonly manifest: Manifest;
  /** `performance.now()` of this process when the push began at the sender. */
  readonly startedAt: number;
  readonly admission: Admission;
  /** The modules that it swaps with. */
  readonly group: Group | undefined;
}

/** Where an image is whose bytes are all here. */
export type Source =
  /** In memory; nothing has been checked. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** In a file of its own, that has the digest of the manifest. */
  | { readonly kind: 'file'; readonly path: string }
  /** Among the images. */
  | { readonly kind: 'stored' };

/** An offered image that is here. */
export interface Received extends Offered {
  readonly source: Source;
}

/** What the image is. @throws VaisError as `readImage` */
export function inspect(
  { manifest, source }: Pick<Received, 'manifest' | 'source'>,
  images: ImageStore,
): Promise<Image> {
  const { digest, size } = manifest;
  if (source.kind === 'bytes') return Promise.resolve().then(() => readImage(source.bytes));
  return images.inspectFile(source.kind === 'file' ? source.path : images.path(digest), digest, size);
}

/** Puts it among the images. @throws VaisError `no_room`, `storage` */
export async function stage(
  { manifest: { digest, size }, source }: Pick<Received, 'manifest' | 'source'>,
  images: ImageStore,
): Promise<void> {
  if (source.kind === 'bytes') await images.put(digest, source.bytes);
  else if (source.kind === 'file') await images.adopt(digest, source.path, size);
}
