import { readFile, rm } from 'node:fs/promises';
import type { Manifest } from '../../artifact/act/manifest.ts';
import { applyDelta, readDeltaHead } from '../../artifact/delta/delta.ts';
import type { Chunk } from '../../artifact/transfer/chunk.ts';
import { mostDeltaImage, quickDelta } from '../../artifact/transfer/transfer-plan.ts';
import type { WorkThread } from '../../artifact/transfer/work.ts';
import { type Digest, parseDigest } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import type { Chunk__Output } from '../../rpc/gen/vais/remote/v1/Chunk.ts';
import type { Programs } from '../deliver/programs.ts';
import type { ImageStore } from '../store/images.ts';
import type { PartialStore } from './partials.ts';
import type { Source } from './received.ts';
import type { Budget } from './uploads.ts';

/** What images are made of that come in another form than whole. */
export interface TransferDeps {
  readonly programs: Programs;
  readonly images: ImageStore;
  readonly partials: PartialStore;
  readonly thread: WorkThread;
  readonly budget: Budget;
  readonly warn: (message: string) => void;
}

/** The image of which a delta may be made: one that the program runs, by its own word, and that is here. */
export function baseOf(
  base: string,
  { program, module, size }: Manifest,
  { programs }: TransferDeps,
): Digest | undefined {
  const digest = parseDigest(base);
  if (digest === undefined || size > mostDeltaImage) return undefined;
  const runs = programs.links.some((link) => link.name === program && link.modules.get(module)?.digest === digest);
  return runs ? digest : undefined;
}

/** What a delta makes. Undefined when there is none, or it makes nothing good: then the image has to come whole. */
export async function makeOf(delta: Uint8Array, manifest: Manifest, deps: TransferDeps): Promise<Source | undefined> {
  if (delta.length === 0) return undefined;
  const { digest, size, program, module } = manifest;
  const { images, partials, thread, budget, warn } = deps;
  const to = partials.placeForMade();
  try {
    const head = readDeltaHead(delta);
    const base = baseOf(head.oldDigest, manifest, deps);
    if (base === undefined || head.newDigest !== digest || head.size !== size)
      throw new VaisError('digest_mismatch', 'it is not of what the program runs, or not for what was announced');
    const there = await images.has(base);
    if (there === undefined || there > mostDeltaImage)
      throw new VaisError('digest_mismatch', 'what it is of is not on this agent');
    if (size <= quickDelta && there <= quickDelta) {
      const bytes = applyDelta(await readFile(images.path(base)), delta, { maxBytes: size });
      budget.take(bytes.length);
      return { kind: 'bytes', bytes };
    }
    const needed = there + size;
    budget.take(needed);
    try {
      await thread.run('apply', { old: images.path(base), delta: new Uint8Array(delta), to, maxBytes: size });
    } finally {
      budget.give(needed);
    }
    return { kind: 'file', path: to };
  } catch (thrown) {
    await rm(to, { force: true }).catch(() => undefined); // On a full disk a part of it may be there.
    warn(
      `a delta for ${program}/${module} was of no use, so the library comes whole: ${VaisError.from(thrown).message}`,
    );
    return undefined;
  }
}

/** A chunk as it came. What it says of itself is checked by whoever takes it. */
export function chunkOf({ index, size, checksum, compression, data }: Chunk__Output): Chunk {
  return { index, size, checksum, compression: compression === 'COMPRESSION_BROTLI' ? 'brotli' : 'none', data };
}
