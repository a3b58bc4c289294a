import type { Notice, Say } from '../say/notice.ts';

/**
 * Holds back what an agent says until it has said that it is ready: whoever starts one reads that first line, and a
 * program may have come back before it. What was held follows at once.
 */
export class ReadyFirst {
  readonly #say: Say;
  #held: Notice[] | undefined = [];

  constructor(say: Say) {
    this.#say = say;
  }

  readonly say: Say = (notice) => {
    if (this.#held === undefined || notice.event === 'ready') this.#say(notice);
    else this.#held.push(notice);
    if (notice.event === 'ready') this.release();
  };

  /** Says what is held, also where the agent never became ready. Idempotent. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const notice of held) this.#say(notice);
  }
}
