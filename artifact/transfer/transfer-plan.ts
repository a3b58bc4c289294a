import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Digest, parseDigest } from '../../common/digest.ts';
import { encodeDelta, readDeltaHead } from '../delta/delta.ts';
import type { LocalImage } from './local-image.ts';
import { WorkThread } from './work.ts';

/** What travels inside its offer, in bytes: to a receiver that is near, and to one that is far. A delta would take longer. */
export const wholeInOffer = { near: 64 * 1024, far: 8 * 1024 };
/** The same where there is nothing to make a delta of. */
const anyInOffer = 64 * 1024;
/** Up to this size the delta is made before the offer, and travels in it, which saves a round trip. */
const deltaInOffer = 1024 * 1024;
/** The largest delta that is sent, in bytes. */
const mostDelta = 1024 * 1024;
/** The largest image of which a delta is made, or that one makes, in bytes: all of both is in memory then, on either side. */
export const mostDeltaImage = 64 * 1024 * 1024;
/** Up to this size a delta is made, and applied, at once, in some milliseconds; starting a thread takes longer. */
export const quickDelta = 512 * 1024;

/** How an image is offered. */
export interface TransferPlan {
  readonly image?: Buffer;
  readonly delta?: Buffer;
  /** Of which image a delta can be had, and the delta, which is being made. */
  readonly base?: Digest;
  readonly making?: Promise<Buffer | undefined>;
}

/** The images that deltas can be made of. */
export interface DeltaBases {
  /** The file with this image, if it is there. Nobody has looked whether it is still right. */
  find(digest: Digest): Promise<string | undefined>;
  keep(digest: Digest, image: LocalImage): Promise<void>;
  drop(digest: Digest): Promise<void>;
}

/** Finds the cheapest way for an image to travel. */
export class TransferPlans {
  readonly #cache: DeltaBases;
  readonly #thread = new WorkThread();
  #keeping: Promise<void> = Promise.resolve();

  constructor(cache: DeltaBases) {
    this.#cache = cache;
  }

  /**
   * Chooses the way; at once for a small image.
   *
   * @param running the digests of what the program runs, by its own word
   */
  choose(
    image: LocalImage,
    digest: string,
    running: readonly string[],
    near: boolean,
  ): TransferPlan | Promise<TransferPlan> {
    const whole = image.kind === 'bytes' ? { image: image.bytes } : {};
    if (image.size <= wholeInOffer[near ? 'near' : 'far']) return whole;
    return this.#find(image, digest, running).then(async (found): Promise<TransferPlan> => {
      if (found === undefined) return image.size <= anyInOffer ? whole : {};
      const making = this.#make(found, image);
      if (image.size > deltaInOffer) return { base: found.base, making };
      const delta = await making;
      if (delta !== undefined) return { delta };
      return image.size <= anyInOffer ? whole : {};
    });
  }

  /** Keeps what has been confirmed: the next image may be made of it. */
  keep(digest: string, image: LocalImage): void {
    const parsed = parseDigest(digest);
    if (parsed === undefined || image.size <= wholeInOffer.far) return;
    this.#keeping = this.#keeping.then(() => this.#cache.keep(parsed, image));
  }

  /** Resolves when all that was to be kept is. */
  get settled(): Promise<void> {
    return this.#keeping;
  }

  async #find(
    { size }: LocalImage,
    digest: string,
    running: readonly string[],
  ): Promise<{ readonly base: Digest; readonly path: string } | undefined> {
    if (size > mostDeltaImage) return undefined;
    for (const each of running) {
      const base = parseDigest(each);
      if (base === undefined || base === digest) continue;
      const path = await this.#cache.find(base);
      if (path === undefined) continue;
      const there = await stat(path).catch(() => undefined);
      if (there !== undefined && there.size <= mostDeltaImage) return { base, path };
    }
    return undefined;
  }

  /** The delta, or undefined where none is worth its while, or what is kept is damaged. */
  async #make(
    { base, path }: { readonly base: Digest; readonly path: string },
    image: LocalImage,
  ): Promise<Buffer | undefined> {
    try {
      const next = image.kind === 'bytes' ? image.bytes : image.path;
      const quick = image.kind === 'bytes' && image.size <= quickDelta;
      const delta = quick
        ? encodeDelta(readFileSync(path), image.bytes)
        : await this.#thread.run('encode', { old: path, next });
      if (delta === undefined || delta.length > mostDelta) return undefined;
      if (readDeltaHead(delta).oldDigest === base) return Buffer.from(delta.buffer, delta.byteOffset, delta.length);
      await this.#cache.drop(base);
      return undefined;
    } catch {
      return undefined; // Then the image goes whole.
    }
  }
}
