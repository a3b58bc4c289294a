import type { Manifest } from '../artifact/manifest.ts';
import { VaisError } from '../common/error.ts';
import type { Admission } from './gate.ts';
import type { Group } from './group.ts';

/** An offer that was admitted. */
interface Offered {
  readonly manifest: Manifest;
  /** `performance.now()` of this process when the push began at the sender. */
  readonly startedAt: number;
  readonly admission: Admission;
  /** The modules that it swaps with. */
  readonly group: Group | undefined;
}

/** An offered image whose bytes have arrived. */
export interface Received extends Offered {
  readonly bytes: Uint8Array;
}

/** At most so many uploads may be unfinished in one session. */
const maxUploads = 4;
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

interface Upload {
  readonly offered: Offered;
  readonly chunks: Buffer[];
  received: number;
  timer: NodeJS.Timeout;
}

/** The images that one session is sending in chunks. Owns their bytes until they are whole. */
export class Uploads {
  readonly #budget: Budget;
  readonly #onIdle: (nonce: number, reason: VaisError) => void;
  readonly #uploads = new Map<number, Upload>();

  /** @param onIdle hears of an upload that is given up, since nothing more of it came */
  constructor(budget: Budget, onIdle: (nonce: number, reason: VaisError) => void) {
    this.#budget = budget;
    this.#onIdle = onIdle;
  }

  /** Expects chunks. @throws VaisError `busy`, `usage` */
  begin(nonce: number, offered: Offered): void {
    if (this.#uploads.has(nonce)) throw new VaisError('usage', `offer ${nonce} is being sent already`);
    if (this.#uploads.size >= maxUploads)
      throw new VaisError('busy', `over ${maxUploads} uploads at once in one session`);
    const timer = setTimeout(() => {
      this.drop(nonce);
      this.#onIdle(nonce, new VaisError('timed_out', 'the rest of the image did not come', { hint: 'Push again.' }));
    }, idleMs);
    this.#uploads.set(nonce, { offered, chunks: [], received: 0, timer });
  }

  /**
   * Takes the next chunk. Returns the whole image when it was the last one; its bytes are then the caller's, to be
   * given back to the budget. A chunk of an offer that was refused meanwhile is ignored.
   *
   * @throws VaisError `usage` for one that does not follow, `busy` when there is no room
   */
  take(nonce: number, offset: number, data: Buffer): Received | undefined {
    const upload = this.#uploads.get(nonce);
    if (upload === undefined) return undefined;
    const { offered, chunks } = upload;
    const { manifest } = offered;
    if (offset !== upload.received || data.length === 0 || offset + data.length > manifest.size)
      throw new VaisError(
        'usage',
        `a chunk of ${data.length} bytes at ${offset} where ${upload.received} of ${manifest.size} have come`,
        { hint: 'Push with the same version of vais-remote as the agent has.' },
      );
    this.#budget.take(data.length);
    chunks.push(data);
    upload.received += data.length;
    upload.timer.refresh();
    if (upload.received < manifest.size) return undefined;
    clearTimeout(upload.timer);
    this.#uploads.delete(nonce);
    return { ...offered, bytes: Buffer.concat(chunks) };
  }

  /** Forgets an upload. */
  drop(nonce: number): void {
    const upload = this.#uploads.get(nonce);
    if (upload === undefined) return;
    clearTimeout(upload.timer);
    this.#uploads.delete(nonce);
    this.#budget.give(upload.received);
  }

  /** Forgets all uploads. Idempotent. */
  close(): void {
    for (const nonce of [...this.#uploads.keys()]) this.drop(nonce);
  }
}
