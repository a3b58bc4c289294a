/** Lets something happen so many times at once, and so many times a second in the long run. */
export class Rate {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #at = performance.now();

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
  }

  /** Whether it may happen once more now. */
  take(): boolean {
    const now = performance.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** True when nothing has happened for so long that all is allowed again. */
  get isRested(): boolean {
    return this.#tokens + ((performance.now() - this.#at) / 1000) * this.#perSecond >= this.#burst;
  }
}

/** A rate for each of many, of which only those are remembered that were seen lately. */
export class Rates {
  readonly #make: () => Rate;
  readonly #most: number;
  readonly #rates = new Map<string, Rate>();

  constructor(make: () => Rate, most = 1_024) {
    this.#make = make;
    this.#most = most;
  }

  take(key: string): boolean {
    let rate = this.#rates.get(key);
    if (rate === undefined) {
      for (const [other, { isRested }] of this.#rates) {
        if (this.#rates.size < this.#most && !isRested) break;
        this.#rates.delete(other);
      }
      rate = this.#make();
    }
    this.#rates.delete(key); // So that the order is that of last use.
    this.#rates.set(key, rate);
    return rate.take();
  }
}
