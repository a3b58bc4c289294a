/**
 * The clock of one push. The agent says how long a push has taken as far as it knows: the time that we stated in the
 * offer, plus its own since the offer came. It does not know how long the offer was on its way. We do, once an
 * answer is here: the round trip less what the agent spent, halved.
 */
export class PushClock {
  readonly #begun: number;
  /** Of the offer, then of the last event: time does not go back. */
  #lastMs = 0;
  #tripMs: number | undefined;

  /** @param begun `performance.now()` at the moment when the push began: that of the save */
  constructor(begun: number = performance.now()) {
    this.#begun = begun;
  }

  /** Milliseconds since the push began. */
  get ms(): number {
    return performance.now() - this.#begun;
  }

  /** Notes that the offer is sent now. Returns the time to state in it, in microseconds. */
  offer(): number {
    this.#lastMs = this.ms;
    this.#tripMs = undefined;
    return Math.round(this.#lastMs * 1000);
  }

  /** Milliseconds since the push began at which an event that arrived just now took place. */
  msOf(event: { readonly elapsedUs: number }): number {
    const stated = event.elapsedUs / 1000;
    const now = this.ms;
    // The shortest so far, as an answer may have waited here until we had time for it.
    this.#tripMs = Math.min(this.#tripMs ?? Number.POSITIVE_INFINITY, Math.max(0, now - stated));
    this.#lastMs = Math.min(now, Math.max(this.#lastMs, stated + this.#tripMs / 2));
    return this.#lastMs;
  }
}
