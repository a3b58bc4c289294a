interface Turn {
  readonly done: Promise<void>;
  /** Asks what runs to give way, where it still can. */
  giveWay: () => void;
  supersede: () => void;
}

/** Runs one thing at a time. A newcomer takes the place of what still waits, and asks what runs to give way. */
export class Turns {
  #latest: Turn | undefined;

  /** True while something runs or waits. */
  get busy(): boolean {
    return this.#latest !== undefined;
  }

  /**
   * @param run does the work when its turn comes; it hands over how to make it give way
   * @param superseded answers instead, when something newer came before its turn
   */
  async take<Result>(
    run: (onGiveWay: (giveWay: () => void) => void) => Promise<Result>,
    superseded: () => Result,
  ): Promise<Result> {
    const before = this.#latest;
    let finish: () => void = () => undefined;
    let supersede: () => void = () => undefined;
    let mustGiveWay = false;
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const replaced = new Promise<'replaced'>((resolve) => {
      supersede = () => resolve('replaced');
    });
    const turn: Turn = {
      done,
      supersede,
      giveWay: () => {
        mustGiveWay = true;
      },
    };
    this.#latest = turn;
    before?.supersede();
    before?.giveWay();
    let next: Promise<void> | undefined;
    try {
      if ((await Promise.race([before?.done, replaced])) === 'replaced') {
        next = before?.done; // Whoever came after still waits for what runs.
        return superseded();
      }
      return await run((giveWay) => {
        turn.giveWay = giveWay;
        if (mustGiveWay) giveWay();
      });
    } finally {
      if (next === undefined) finish();
      else void next.then(finish);
      if (this.#latest === turn) this.#latest = undefined;
    }
  }
}
