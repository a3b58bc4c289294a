import { VaisError } from '../../common/error.ts';

/** What an agent cannot do at the moment, since its disk does not take it. */
export class StorageFaults {
  readonly warn: (message: string) => void;
  readonly #current = new Map<string, string>();

  constructor(warn: (message: string) => void) {
    this.warn = warn;
  }

  /** What is wrong now. */
  get all(): readonly string[] {
    return [...this.#current.values()];
  }

  /** Something cannot be done. The same is said once, until it is over. */
  meet(what: string, thrown: unknown): void {
    const { message } = VaisError.from(thrown);
    if (this.#current.get(what) === message) return;
    this.#current.set(what, message);
    this.warn(message);
  }

  /** It can be done again. */
  over(what: string, how = 'can be written again'): void {
    if (this.#current.delete(what)) this.warn(`${what} ${how}`);
  }
}
