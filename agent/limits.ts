import { VaisError } from '../common/error.ts';
import { Rate, Rates } from './rate.ts';

/** What peers may take of an agent, so that no one of them keeps the others out. */
export const limits = {
  /** Sessions and event streams that are open at once: of one developer, and of all. */
  streamsOfOne: 32,
  streamsOfAll: 512,
  /** Pushes and rollbacks of one developer: so many at once, and so many a second in the long run. */
  actsAtOnce: 200,
  actsPerSecond: 50,
  /** Images whose bytes are still coming: in one session, and in all. */
  uploadsOfOne: 4,
  uploadsOfAll: 64,
  /** How long a session may be open before it says `open`, in milliseconds. */
  openMs: 10_000,
} as const;

/** Counts what is limited. Who nobody knows, as with --insecure, counts as one. */
export class Limits {
  readonly #streams = new Map<string, number>();
  readonly #acts = new Rates(() => new Rate(limits.actsAtOnce, limits.actsPerSecond));
  #streamsOfAll = 0;
  #uploads = 0;

  /** A stream begins. Returns what to call, once or more often, when it ends. @throws VaisError `too_many` */
  stream(who: string): () => void {
    const theirs = this.#streams.get(who) ?? 0;
    if (theirs >= limits.streamsOfOne)
      throw new VaisError('too_many', `a developer may have ${limits.streamsOfOne} sessions with an agent at once`);
    if (this.#streamsOfAll >= limits.streamsOfAll)
      throw new VaisError('too_many', `the agent has ${limits.streamsOfAll} sessions, and takes no more`);
    this.#streams.set(who, theirs + 1);
    this.#streamsOfAll += 1;
    return once(() => {
      const left = (this.#streams.get(who) ?? 1) - 1;
      if (left > 0) this.#streams.set(who, left);
      else this.#streams.delete(who);
      this.#streamsOfAll -= 1;
    });
  }

  /** A push or a rollback comes. @throws VaisError `rate_limited` */
  act(who: string): void {
    if (this.#acts.take(who)) return;
    throw new VaisError('rate_limited', `a developer may push ${limits.actsPerSecond} times a second to an agent`);
  }

  /** An upload begins. Returns what to call when it ends. @throws VaisError `too_many` */
  upload(inThisSession: number): () => void {
    if (inThisSession >= limits.uploadsOfOne)
      throw new VaisError('too_many', `a session may have ${limits.uploadsOfOne} unfinished uploads`);
    if (this.#uploads >= limits.uploadsOfAll)
      throw new VaisError('too_many', `the agent has ${limits.uploadsOfAll} unfinished uploads, and takes no more`);
    this.#uploads += 1;
    return once(() => {
      this.#uploads -= 1;
    });
  }
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}
