import { VaisError } from '../../common/error.ts';
import type { Failed } from './outcome.ts';

/**
 * Where the modules of a group wait for each other, in this order: all are checked, each has its turn in its queue, all are
 * written down (then they are ordered, in one go), all have proved themselves, all have ended. And where those that
 * go back, or come back, are ordered to: `restored`.
 */
type Meeting = 'checked' | 'turn' | 'saved' | 'confirmed' | 'ended' | 'restored';

interface Waiting {
  readonly act: () => void;
  readonly resolve: () => void;
  readonly reject: (reason: VaisError) => void;
}

/**
 * Modules of one program that swap together, or none of them: one is refused, all are; one fails before all are confirmed,
 * all go back; one gives way to something newer, all do.
 */
export class Group {
  /** Names it in the history. */
  readonly id: string;
  /** Those that take part; one that runs already has left. */
  readonly #modules: Set<string>;
  readonly #waiting = new Map<Meeting, Waiting[]>();
  readonly #cancels: (() => void)[] = [];
  /** When the last of them came: see `nextArrival`. */
  arrival = 0;
  #failed: VaisError | undefined;
  #isWhole = false;
  #isChecked = false;

  constructor(id: string, modules: Iterable<string> = []) {
    this.id = id;
    this.#modules = new Set(modules);
  }

  /** True once it was ordered: from then on the program decides. */
  get isOrdered(): boolean {
    return this.#cancels.length > 0;
  }

  /** The modules that swap with this one. */
  besides(module: string): string[] {
    return [...this.#modules].filter((each) => each !== module);
  }

  /** One more belongs to it. */
  add(module: string): void {
    this.#modules.add(module);
  }

  /** All that belong to it are known. */
  complete(): void {
    this.#isWhole = true;
    this.#release('checked');
  }

  /** This one has nothing to swap: the others go without it. */
  leave(module: string): void {
    this.#modules.delete(module);
    for (const meeting of [...this.#waiting.keys()]) this.#release(meeting);
  }

  /**
   * Waits for the others. When the last one is here, what each wanted done is done, without anything between.
   *
   * @throws VaisError of the one that failed, with its code, when one does
   */
  meet(meeting: Meeting, act: () => void = () => undefined): Promise<void> {
    if (this.#failed !== undefined && meeting !== 'restored') return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => {
      this.#waiting.set(meeting, [...(this.#waiting.get(meeting) ?? []), { act, resolve, reject }]);
      this.#release(meeting);
    });
  }

  /** One fails: so do the others, wherever they wait or come to wait. The first one counts. */
  fail(module: string, { kind, reason }: Failed): void {
    this.#fail(new VaisError(reason.code, `${kind} with ${module}: ${reason.message}`, { hint: reason.hint }));
  }

  /** It does not come about, unless all have been checked by now. */
  giveUp(reason: VaisError): void {
    if (!this.#isChecked) this.#fail(reason);
  }

  /** Before it is ordered: how to take a module's order back. */
  onGiveWay(cancel: () => void): void {
    this.#cancels.push(cancel);
  }

  /** Something newer came for one of them: all give way, where they still can. */
  giveWay(module: string, reason: VaisError): void {
    if (!this.isOrdered) this.fail(module, { kind: 'superseded', reason });
    for (const cancel of this.#cancels) cancel();
  }

  #release(meeting: Meeting): void {
    const waiting = this.#waiting.get(meeting);
    if (waiting === undefined || waiting.length < this.#modules.size) return;
    if (meeting === 'checked' && !this.#isWhole) return;
    this.#isChecked = true;
    this.#waiting.delete(meeting);
    for (const { act } of waiting) act();
    for (const { resolve } of waiting) resolve();
  }

  #fail(reason: VaisError): void {
    if (this.#failed !== undefined) return;
    this.#failed = reason;
    for (const [meeting, waiting] of this.#waiting) {
      if (meeting === 'restored') continue;
      this.#waiting.delete(meeting);
      for (const { reject } of waiting) reject(reason);
    }
  }
}
