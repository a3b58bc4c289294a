import type { BuildOrder } from './unit.ts';

interface Running<Result> {
  readonly key: string;
  readonly result: Promise<Result>;
  readonly stop: AbortController;
  /** How many wait for it. */
  waiting: number;
}

/**
 * One build at a time, for all who want it: several targets that watch the same sources each ask for a build of the same
 * save. A build of something newer ends the one before it, and so it ends when nobody waits for it any more.
 */
export class SharedBuild<Result = unknown> {
  #running: Running<Result> | undefined;
  /** The end of all builds so far. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param work makes a build until the signal ends it
   * @throws what `work` and the order's signal throw
   */
  async run<Made extends Result>(
    { revision, triple, options, signal }: Pick<BuildOrder, 'revision' | 'triple' | 'options' | 'signal'>,
    work: (signal: AbortSignal) => Promise<Made>,
  ): Promise<Made> {
    signal.throwIfAborted();
    const key = JSON.stringify([revision, triple, options.tier, options.opt, options.debug]);
    const same = revision !== undefined && this.#running?.key === key && !this.#running.stop.signal.aborted;
    const build = same && this.#running !== undefined ? this.#running : this.#start(key, work);
    build.waiting += 1;
    const leave = (): void => {
      build.waiting -= 1;
      if (build.waiting === 0) build.stop.abort(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      const made = await build.result;
      signal.throwIfAborted();
      return made as Made;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<Result>): Running<Result> {
    const before = this.#running;
    before?.stop.abort();
    const stop = new AbortController();
    const result = this.#last.then(() => {
      stop.signal.throwIfAborted();
      return work(stop.signal);
    });
    this.#last = result.catch(() => undefined);
    const build = { key, result, stop, waiting: 0 };
    this.#running = build;
    return build;
  }
}
