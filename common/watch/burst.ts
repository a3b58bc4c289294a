import type { Digest } from '../digest.ts';

/** A content that differs from the one before. */
export interface Change {
  /** `performance.now()` when the first sign of it was seen. */
  readonly at: number;
  readonly digest: Digest;
  /**
   * Resolves at the end of the burst: true when this is still what the files hold, false when something newer came
   * first. A compile error is shown only after that, since half a file may have been read.
   */
  readonly settled: Promise<boolean>;
  /** Says that the content was of no use: the next sign is acted on at once, without waiting for the burst's end. */
  unusable(): void;
}

/**
 * Makes changes out of signs. Editors write a file in several steps, and file systems tell of each more than once: a
 * burst of signs. The first one is acted on at once, and so is the end of the burst, when no sign has come for the
 * debounce time. Whether anything changed is decided by the content alone, which is read from the disk each time, so it
 * does not matter which signs were lost.
 */
export class Burst {
  readonly #read: () => Digest | undefined;
  readonly #onChange: (change: Change) => void;
  readonly #debounceMs: number;
  #digest: Digest | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** True when the next sign is acted on at once. */
  #armed = true;
  /** When the last sign came; undefined once it was acted on. */
  #signedAt: number | undefined;
  #settle: (stands: boolean) => void = () => undefined;
  /** True when the next sign is a change whatever the content is. */
  #wanted = false;

  /**
   * @param read the content's digest; undefined while there is none: a file that is missing for a moment, or empty
   * @param initial the content that is no change
   */
  constructor(
    read: () => Digest | undefined,
    initial: Digest | undefined,
    debounceMs: number,
    onChange: (change: Change) => void,
  ) {
    this.#read = read;
    this.#digest = initial;
    this.#debounceMs = debounceMs;
    this.#onChange = onChange;
  }

  /** Something may have changed. */
  sign(): void {
    if (this.#wanted) {
      this.#wanted = false;
      this.#digest = undefined;
      this.#armed = true;
    }
    this.#signedAt = performance.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(), this.#debounceMs);
    if (this.#armed) this.#look();
  }

  /** Looks at the content now, whether a sign of a change has come or not. */
  look(): void {
    const digest = this.#read();
    if (digest === undefined || digest === this.#digest) return;
    this.#armed = true;
    this.sign();
  }

  /** The content was not taken up: the next sign is a change, also when it brings the same again. */
  want(): void {
    this.#wanted = true;
  }

  /** What there is now is no change. */
  accept(): void {
    this.#digest = this.#read() ?? this.#digest;
  }

  /** The content that was `before` is `after` from now on, and that is no change. */
  rebase(before: Digest | undefined, after: Digest | undefined): void {
    if (this.#digest === before) this.#digest = after;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#settle(false);
  }

  #end(): void {
    this.#look();
    this.#armed = true;
    this.#settle(true);
  }

  #look(): void {
    const at = this.#signedAt ?? performance.now();
    this.#signedAt = undefined;
    const digest = this.#read();
    if (digest === undefined || digest === this.#digest) return;
    this.#digest = digest;
    this.#armed = false;
    this.#settle(false);
    const settled = new Promise<boolean>((resolve) => {
      this.#settle = resolve;
    });
    this.#onChange({
      at,
      digest,
      settled,
      unusable: () => {
        if (this.#digest !== digest) return;
        this.#armed = true;
        if (this.#signedAt !== undefined) this.#look(); // The rest was written while we were busy.
      },
    });
  }
}
