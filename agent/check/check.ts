import { VaisError } from '../../common/error.ts';
import { CheckProcess } from './check-process.ts';
import type { CheckRequest } from './check-protocol.ts';
import { FairTurns } from './fair-turns.ts';

/** A connected program, as far as a check needs it. */
export interface CheckingProgram {
  /** Whether its runtime can start the program's own executable for a check. */
  readonly checks: boolean;
  /** @throws VaisError `check_failed`, `digest_mismatch`; `internal` when no check could be made */
  check(request: CheckRequest): Promise<void>;
}

/** For whom an image is checked. */
export interface CheckFor {
  readonly developer: string;
  /** Asked when it is the developer's turn, before anything runs. @throws VaisError `revoked`, `not_permitted` */
  readonly requireRights: () => void;
  /** The program that is to run it; undefined: none is connected. */
  readonly program: CheckingProgram | undefined;
}

/** So many images that did not load are remembered for a program. */
const mostRemembered = 256;

/**
 * Has images loaded before a program is told to run them. That runs their constructors, so the agent does not do it: the program
 * starts its own executable once more, with its own user, libraries and limits, and tries the image there. Where it
 * cannot, a process of the agent does, which is used once and gets nothing of the agent's.
 */
export class Checker {
  readonly #deadlineMs: number;
  readonly #turns = new FairTurns();
  readonly #failed = new WeakMap<CheckingProgram, Map<string, VaisError>>();
  readonly #processes = new Set<CheckProcess>();
  #closed = false;

  /** @param deadlineMs what loading may take in a process of the agent before it counts as hung */
  constructor({ deadlineMs = 5_000 }: { deadlineMs?: number } = {}) {
    this.#deadlineMs = deadlineMs;
  }

  /**
   * Has the image loaded with every symbol resolved, held against what it should be, and unloaded.
   *
   * @throws VaisError `check_failed` with the cause, `digest_mismatch` when the file has changed, `too_many`, `internal` when no
   *   check process can be started, and what `requireRights` throws
   */
  check(request: CheckRequest, { developer, requireRights, program }: CheckFor): Promise<void> {
    return this.#turns.take(developer, async () => {
      requireRights();
      this.#requireOpen();
      const known = program && this.#failed.get(program)?.get(keyOf(request));
      if (known !== undefined) throw known;
      try {
        if (program?.checks !== true) await this.#checkHere(request);
        else await this.#checkThere(program, request);
      } catch (thrown) {
        if (program !== undefined && thrown instanceof VaisError && thrown.code === 'check_failed')
          this.#remember(program, keyOf(request), thrown);
        throw thrown;
      }
    });
  }

  /** Ends the processes. Checks that run or wait are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(Array.from(this.#processes, (one) => one.close()));
  }

  async #checkThere(program: CheckingProgram, request: CheckRequest): Promise<void> {
    try {
      await program.check(request);
    } catch (thrown) {
      // It may have no right to start a process: then there is the other way.
      if (!(thrown instanceof VaisError) || thrown.code !== 'internal') throw thrown;
      await this.#checkHere(request);
    }
  }

  async #checkHere(request: CheckRequest): Promise<void> {
    const own = new CheckProcess();
    this.#processes.add(own);
    try {
      const verdict = await own.check(request, this.#deadlineMs);
      this.#requireOpen();
      if (verdict.kind !== 'passed') throw verdict.error;
    } finally {
      this.#processes.delete(own);
      await own.close();
    }
  }

  #remember(program: CheckingProgram, key: string, error: VaisError): void {
    const list = this.#failed.get(program) ?? new Map<string, VaisError>();
    this.#failed.set(program, list.set(key, error));
    const [oldest] = list.keys();
    if (list.size > mostRemembered && oldest !== undefined) list.delete(oldest);
  }

  #requireOpen(): void {
    if (this.#closed)
      throw new VaisError('internal', 'the agent is closing, so the image was not checked', {
        hint: 'Push again when the agent is back.',
      });
  }
}

/** What was asked of an image, so that the answer holds for the same question only. */
function keyOf({ digest, module, buildId }: CheckRequest): string {
  return `${digest} ${module} ${buildId}`;
}
