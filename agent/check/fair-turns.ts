import { VaisError } from '../../common/error.ts';

/** So many checks run at a time, one of each developer. */
const atOnce = 2;
/** So many may wait for one developer. */
const mostWaiting = 64;

/**
 * Whose check runs next: developers take turns, so that one with many pushes, or with one that hangs, holds up none of the
 * others.
 */
export class FairTurns {
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #running = new Set<string>();

  /** Runs the work when it is this developer's turn. @throws VaisError `too_many`, and what the work throws */
  async take<Result>(developer: string, work: () => Promise<Result>): Promise<Result> {
    const mine = this.#waiting.get(developer) ?? [];
    if (mine.length >= mostWaiting)
      throw new VaisError('too_many', `${mostWaiting} pushes of ${developer || 'the developer'} wait to be checked`, {
        hint: 'Push again when those are through.',
      });
    this.#waiting.set(developer, mine);
    await new Promise<void>((resolve) => {
      mine.push(resolve);
      this.#next();
    });
    try {
      return await work();
    } finally {
      this.#running.delete(developer);
      this.#next();
    }
  }

  #next(): void {
    for (const [developer, mine] of this.#waiting) {
      if (this.#running.size >= atOnce) return;
      if (this.#running.has(developer)) continue;
      // Behind all others from now on.
      this.#waiting.delete(developer);
      const first = mine.shift();
      if (mine.length > 0) this.#waiting.set(developer, mine);
      if (first === undefined) continue;
      this.#running.add(developer);
      first();
    }
  }
}
