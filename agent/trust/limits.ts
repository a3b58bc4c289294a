import { VaisError } from '../../common/error.ts';
import { Rate, Rates } from './rate.ts';

/** A developer who calls. */
export interface Caller {
  readonly id: string;
  readonly name: string;
  /** The agent that is called: what a signature has to name. */
  readonly agentId: string;
  /** The number of their newest act. */
  readonly lastSequence: number;
  /** The programs that are theirs to touch; empty: all. */
  readonly programs: readonly string[];
}

/** Says who calls. @throws VaisError when the connection is gone, or they may not any more */
export type CallerOf = (call: { getPeer(): string }) => Caller;

/** With --insecure nobody knows who calls. All would be one, so what limits one does not hold. */
export const anybody: Caller = { id: '', name: '', agentId: '', lastSequence: 0, programs: [] };

/** A stream that counts: a session, or one of events. */
export interface LimitedCall {
  getPeer(): string;
  on(event: string, listener: () => void): this;
  emit(event: 'error', error: unknown): boolean;
}

/** So many streams may be open at once: of one developer, and of all. */
const streamsOfOne = 32;
const streamsOfAll = 512;
/** So many pushes and rollbacks one developer may ask for at once, and so many a second in the long run. */
const actsAtOnce = 200;
const actsPerSecond = 50;

/** Counts the streams that are open, so that no one developer keeps the others out. */
export class Streams {
  readonly #open = new Map<string, number>();
  #all = 0;

  /** A stream begins. Returns what to call, once or more often, when it ends. @throws VaisError `too_many` */
  begin(who: string): () => void {
    const theirs = this.#open.get(who) ?? 0;
    if (theirs >= streamsOfOne && who !== anybody.id)
      throw new VaisError('too_many', `a developer may have ${streamsOfOne} sessions with an agent at once`);
    if (this.#all >= streamsOfAll)
      throw new VaisError('too_many', `the agent has ${streamsOfAll} sessions, and takes no more`);
    this.#open.set(who, theirs + 1);
    this.#all += 1;
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.#all -= 1;
      const left = (this.#open.get(who) ?? 1) - 1;
      if (left > 0) this.#open.set(who, left);
      else this.#open.delete(who);
    };
  }
}

/** Counts pushes and rollbacks. */
export class Acts {
  readonly #rates = new Rates(() => new Rate(actsAtOnce, actsPerSecond));

  /** One more. @throws VaisError `rate_limited` */
  count(who: string): void {
    if (who === anybody.id || this.#rates.take(who)) return;
    throw new VaisError(
      'rate_limited',
      `a developer may push ${actsPerSecond} times a second to an agent, and no more`,
    );
  }
}
