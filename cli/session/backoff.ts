import { setTimeout as wait } from 'node:timers/promises';

const firstMs = 50;
const lastMs = 2_000;

/** The pauses between attempts to reach a peer that is gone: 50 ms, doubled up to 2 s, each shortened by chance. */
export class Backoff {
  #attempt = 0;

  /** Waits before the next attempt. Returns early when the signal is aborted. */
  async pause(signal: AbortSignal): Promise<void> {
    const ceiling = Math.min(lastMs, firstMs * 2 ** this.#attempt);
    this.#attempt += 1;
    // By chance, so that many clients of one agent do not come back all at once.
    await wait(ceiling * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }

  /** After a success: the next pause is the shortest again. */
  reset(): void {
    this.#attempt = 0;
  }
}
