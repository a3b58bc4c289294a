import { rmSync } from 'node:fs';
import { VaisError } from '../common/error.ts';
import type { BuiltLibrary } from './build.ts';
import type { Made } from './follower.ts';
import type { HotModule, Prepared } from './module.ts';

/** What came of a look for new code. */
export type Taken = { readonly status: 1; readonly built: BuiltLibrary } | { readonly status: 0 | -1 };

/**
 * Holds what was made until the program takes it: one version, loaded aside, and whether the newest was refused. Only
 * the newest content of the source counts: what it replaces before it ran is unloaded again.
 */
export class Intake {
  readonly #module: HotModule;
  readonly #onRefused: (error: VaisError) => void;
  #pending: Prepared | undefined;
  /** Refused, and not yet said by `take`. */
  #unsaid = false;
  #error: VaisError | undefined;

  constructor(module: HotModule, onRefused: (error: VaisError) => void) {
    this.#module = module;
    this.#onRefused = onRefused;
  }

  /** Why the newest content was refused; undefined when it was not. */
  get error(): VaisError | undefined {
    return this.#error;
  }

  /** Loads what was made aside, or says why not. Does not throw, as `onRefused` does not. */
  put(made: Made): void {
    if (!made.ok) {
      this.#refuse(made.error);
      return;
    }
    const { built } = made;
    try {
      const known = this.#module.runs(built) || this.#pending?.built.digest === built.digest;
      if (known) rmSync(built.path, { force: true });
      if (this.#module.runs(built))
        this.#replace(undefined); // The change was taken back.
      else if (!known) this.#replace(this.#module.prepare(built));
      this.#unsaid = false;
      this.#error = undefined;
    } catch (thrown) {
      rmSync(built.path, { force: true });
      this.#refuse(VaisError.from(thrown));
    }
  }

  /** Swaps to what waits. No hot function may be on the stack. Throws what the old code's own `hot_on_reload` throws. */
  take(): Taken {
    if (this.#unsaid) {
      this.#unsaid = false;
      return { status: -1 };
    }
    const pending = this.#pending;
    if (pending === undefined) return { status: 0 };
    this.#pending = undefined;
    try {
      this.#module.swap(pending);
    } catch (thrown) {
      if (this.#module.runs(pending.built)) throw thrown;
      pending.image.unload();
      this.#refuse(VaisError.from(thrown));
      this.#unsaid = false;
      return { status: -1 };
    }
    return { status: 1, built: pending.built };
  }

  close(): void {
    this.#replace(undefined);
  }

  #replace(pending: Prepared | undefined): void {
    this.#pending?.image.unload();
    this.#pending = pending;
  }

  #refuse(error: VaisError): void {
    this.#unsaid = true;
    this.#error = error;
    this.#onRefused(error);
  }
}
