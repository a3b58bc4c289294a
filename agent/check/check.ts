import { VaisError } from '../../common/error.ts';
import { CheckProcess, type CheckVerdict } from './check-process.ts';
import type { CheckRequest } from './check-protocol.ts';

/** After so many images a process is replaced, since each may have left something behind in it. */
const checksPerProcess = 64;
const quietMs = 100;

/**
 * Loads images in a disposable process before a program sees them. The process is started ahead and used again for image after image,
 * but a verdict against one is given only by a fresh process: an earlier image may have damaged a used one.
 */
export class Checker {
  readonly #deadlineMs: number;
  #current: CheckProcess;
  #successor: CheckProcess | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  /**
   * `deadlineMs`: what loading may take before it counts as hung, 5 s unless told. A hang in a used process is seen a
   * second time in a fresh one, so the verdict may take twice as long.
   */
  constructor({ deadlineMs = 5_000 }: { deadlineMs?: number } = {}) {
    this.#deadlineMs = deadlineMs;
    this.#current = new CheckProcess();
  }

  /**
   * Loads the image with every symbol resolved, reads from it that it is the build that it should be, and unloads it. Resolves
   * to the milliseconds that it took; checks that wait for others are not counted. Throws `check_failed` with the cause,
   * `digest_mismatch` when the file has changed, and `internal` when no check process can be started.
   */
  check(request: CheckRequest): Promise<{ ms: number }> {
    const run = this.#queue.then(() => this.#check(request));
    this.#queue = run.catch(() => undefined);
    return run;
  }

  /** Ends the processes. Checks that run or wait are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#quiet);
    await Promise.all([this.#current.close(), this.#successor?.close()]);
  }

  async #check(request: CheckRequest): Promise<{ ms: number }> {
    const start = performance.now();
    this.#rotate();
    const isFresh = this.#current.checks === 0;
    let verdict = await this.#ask(request);
    if (verdict.kind === 'lost' || (verdict.kind === 'failed' && !isFresh)) verdict = await this.#ask(request);
    const ms = performance.now() - start;
    if (verdict.kind === 'passed') return { ms };
    throw verdict.error;
  }

  async #ask(request: CheckRequest): Promise<CheckVerdict> {
    this.#requireOpen();
    const verdict = await this.#current.check(request, this.#deadlineMs);
    this.#requireOpen();
    // What has failed is never used again; the next one starts while nobody waits for it yet.
    if (verdict.kind !== 'passed') this.#replace();
    else if (this.#current.checks >= checksPerProcess) this.#prepareSuccessor();
    return verdict;
  }

  /** Starting a process takes the agent some milliseconds, so it waits until the push at hand is through. */
  #prepareSuccessor(): void {
    this.#quiet ??= setTimeout(() => {
      this.#quiet = undefined;
      this.#successor ??= new CheckProcess();
    }, quietMs);
  }

  #rotate(): void {
    if (this.#closed) return;
    const isWorn = this.#current.checks >= 2 * checksPerProcess;
    if (this.#current.hasEnded || this.#successor?.isReady || isWorn) this.#replace();
  }

  #replace(): void {
    this.#current.kill();
    this.#current = this.#successor ?? new CheckProcess();
    this.#successor = undefined;
  }

  #requireOpen(): void {
    if (this.#closed)
      throw new VaisError('internal', 'the agent is closing, so the image was not checked', {
        hint: 'Push again when the agent is back.',
      });
  }
}
