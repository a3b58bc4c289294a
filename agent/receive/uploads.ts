import type { Chunk } from '../../artifact/transfer/chunk.ts';
import { VaisError } from '../../common/error.ts';
import type { Partial, PartialStore } from './partials.ts';
import type { Offered } from './received.ts';

/** At most so many uploads may be unfinished in one session. */
const maxUploads = 16;
/** How long an upload may stand still, in milliseconds. */
const idleMs = 60_000;

/** How many bytes of images an agent holds in memory at once, for all sessions together. */
export class Budget {
  readonly #limit: number;
  #used = 0;

  /** @param limit bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws VaisError `busy` when there is no room for so many bytes now */
  take(bytes: number): void {
    if (this.#used + bytes > this.#limit)
      throw new VaisError('busy', `the agent has ${this.#used} bytes of other images on their way`, {
        hint: 'Push again when those are through.',
      });
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/** An admitted offer whose bytes are to come. */
interface Upload {
  readonly offered: Offered;
  readonly timer: NodeJS.Timeout;
  /** Missing while a delta is awaited, or the file is being opened. */
  partial?: Partial;
  /** What was asked of it so far, in order. */
  turn: Promise<unknown>;
  /** Whether it began anew already, as what was taken over had been wrong. */
  fresh: boolean;
  /** Whether a delta came. */
  hadDelta: boolean;
}

/** What became of a chunk: it is on the disk, it was the last one, or all have to be sent again. */
export type Step =
  | { readonly kind: 'taken' | 'again'; readonly wanted: number }
  | { readonly kind: 'complete'; readonly path: string; readonly offered: Offered };

/** The images that one session is sending. Owns what is open until they are whole; their bytes are on the disk. */
export class Uploads {
  readonly #store: PartialStore;
  readonly #owner: string;
  readonly #onGivenUp: (nonce: number, reason: VaisError) => void;
  readonly #uploads = new Map<number, Upload>();

  /**
   * @param owner the developer whose session it is
   * @param onGivenUp hears of an upload of which nothing more came, or which another session goes on with, and drops it
   */
  constructor(store: PartialStore, owner: string, onGivenUp: (nonce: number, reason: VaisError) => void) {
    this.#store = store;
    this.#owner = owner;
    this.#onGivenUp = onGivenUp;
  }

  /** Whether the bytes of this offer are expected. */
  has(nonce: number): boolean {
    return this.#uploads.has(nonce);
  }

  /** Expects the bytes of an offer. @throws VaisError `busy`, `usage` */
  expect(nonce: number, offered: Offered): void {
    if (this.#uploads.has(nonce)) throw new VaisError('usage', `offer ${nonce} is being sent already`);
    if (this.#uploads.size >= maxUploads)
      throw new VaisError('busy', `over ${maxUploads} uploads at once in one session`);
    const timer = setTimeout(() => {
      this.#onGivenUp(nonce, new VaisError('timed_out', 'the rest of the image did not come', { hint: 'Push again.' }));
    }, idleMs);
    this.#uploads.set(nonce, { offered, timer, turn: Promise.resolve(), fresh: false, hadDelta: false });
  }

  /** Expects chunks, and says from which on. Undefined when the offer was dropped meanwhile. @throws VaisError `busy`, `storage` */
  async expectChunks(nonce: number): Promise<number | undefined> {
    const upload = this.#uploads.get(nonce);
    if (upload === undefined) return undefined;
    const partial = await this.#store.take(this.#owner, upload.offered.manifest, () => {
      this.#onGivenUp(nonce, new VaisError('superseded', 'another session goes on with this upload'));
    });
    if (this.#uploads.get(nonce) !== upload) {
      await partial.close();
      return undefined;
    }
    upload.partial = partial;
    upload.timer.refresh();
    return partial.wanted;
  }

  /** The offer that waits for its delta, which comes no second time; undefined when there is none. */
  takeDelta(nonce: number): Offered | undefined {
    const upload = this.#uploads.get(nonce);
    if (upload === undefined || upload.partial !== undefined || upload.hadDelta) return undefined;
    upload.hadDelta = true;
    upload.timer.refresh();
    return upload.offered;
  }

  /**
   * Takes the next chunk, after those before it. Returns what came of it; undefined for one of an offer that was refused
   * meanwhile.
   *
   * @throws VaisError `usage` for one that does not follow, `image_invalid`, `digest_mismatch`, `storage`
   */
  take(nonce: number, chunk: Chunk): Promise<Step | undefined> {
    const upload = this.#uploads.get(nonce);
    if (upload?.partial === undefined) return Promise.resolve(undefined);
    const step = upload.turn.then(() => this.#take(nonce, chunk));
    upload.turn = step.catch(() => undefined);
    return step;
  }

  /** Forgets an upload; what has come of it stays on the disk. Returns the offer, if there was one. */
  drop(nonce: number): Offered | undefined {
    const upload = this.#uploads.get(nonce);
    if (upload === undefined) return undefined;
    clearTimeout(upload.timer);
    this.#uploads.delete(nonce);
    void upload.partial?.close();
    return upload.offered;
  }

  /** Forgets all uploads. Returns those that were not whole. Idempotent. */
  close(): number[] {
    const nonces = [...this.#uploads.keys()];
    for (const nonce of nonces) this.drop(nonce);
    return nonces;
  }

  async #take(nonce: number, chunk: Chunk): Promise<Step | undefined> {
    const upload = this.#uploads.get(nonce);
    const partial = upload?.partial;
    if (upload === undefined || partial === undefined) return undefined;
    upload.timer.refresh();
    try {
      await partial.add(chunk);
    } catch (thrown) {
      const { code } = VaisError.from(thrown);
      const isWhole = code === 'digest_mismatch' && partial.wanted > chunk.index;
      if (!isWhole) throw thrown;
      await partial.discard();
      // What came before may have been damaged on the disk since: once more, from the start.
      if (!partial.resumed || upload.fresh) throw thrown;
      upload.fresh = true;
      delete upload.partial;
      const wanted = await this.expectChunks(nonce);
      return wanted === undefined ? undefined : { kind: 'again', wanted };
    }
    if (!partial.complete) return { kind: 'taken', wanted: partial.wanted };
    clearTimeout(upload.timer);
    this.#uploads.delete(nonce);
    const path = this.#store.placeForMade();
    await partial.finish(path).catch((thrown: unknown) => {
      this.#uploads.set(nonce, upload); // So that whoever refuses it finds it, and writes its end down.
      throw thrown;
    });
    return { kind: 'complete', path, offered: upload.offered };
  }
}
