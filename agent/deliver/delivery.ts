import { VaisError } from '../../common/error.ts';
import type { LoadOrder, ProgramLink } from '../link/program-link.ts';
import type { LinkReport } from '../link/report.ts';
import { isSameProcess } from '../run/death.ts';
import type { ImageStore } from '../store/images.ts';
import { type Code, orderFor } from './code.ts';
import type { Outcome } from './outcome.ts';
import { endedBefore, type Push, supersededBy } from './push.ts';

/** Finds out why an instance is gone: undefined when the signal came first, so that its process may well live. */
export type DeathOf = (link: ProgramLink, signal: AbortSignal) => Promise<string | undefined>;

/** What a delivery needs of its queue. */
export interface DeliveryDeps {
  readonly images: ImageStore;
  readonly deathOf: DeathOf;
  /** Given when the agent ends: what is under way is left to the next one. */
  readonly closing: AbortSignal;
  /** Makes the version durable, before it is said to be confirmed. */
  readonly makeDurable: () => Promise<void>;
  /** The newest push that came to its queue. */
  readonly newest: () => Push | undefined;
  /** An instance runs the delivery's version from now on. */
  readonly swapped: (link: ProgramLink, report: LinkReport) => void;
  /** An instance went back to another version by itself. */
  readonly wentBack: (link: ProgramLink, running: number | undefined) => void;
}

interface Instance {
  link: ProgramLink;
  nonce: string;
  /** How often its connection came back. */
  returns: number;
  swapped: boolean;
  confirming?: boolean;
  outcome?: Outcome;
}

/** How long an instance whose process lives may stay away in the middle of a delivery, in milliseconds. */
const awayMs = 30_000;
/** So often it may come back without the version: in a container each new process may have the pid of the last. */
const mostReturns = 3;

/**
 * One version on its way into the running instances of a program, from the order to the last one's word. It ends
 * when each has confirmed, refused, reverted or ended.
 */
export class Delivery {
  readonly push: Push;
  /** What became of it in each instance. */
  readonly ended: Promise<Outcome[]>;
  readonly #deps: DeliveryDeps;
  readonly #order: LoadOrder;
  readonly #instances: Instance[] = [];
  readonly #over = new AbortController();
  readonly #code: Code;
  #end: (outcomes: Outcome[]) => void = () => undefined;
  /** Who came before it was ordered, with what they said. */
  readonly #early = new Map<ProgramLink, readonly LinkReport[]>();
  #ordered = false;
  #cancelled = false;
  #lostSight = false;

  constructor(push: Push, code: Code, deps: DeliveryDeps) {
    this.push = push;
    this.#code = code;
    this.#deps = deps;
    this.#order = orderFor(push, code, deps.images, push.group?.id);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** True when the version ran somewhere, or may have run where we could not see it: its number is used up. */
  get mayHaveRun(): boolean {
    return this.#lostSight || this.#instances.some(({ swapped }) => swapped);
  }

  /** Orders it in each of these instances. */
  order(links: Iterable<ProgramLink>): void {
    this.#ordered = true;
    for (const link of links) this.board(link, this.#early.get(link));
    if (this.#instances.length > 0) return;
    // All have gone while its group gathered: nobody would ever say how it ended.
    this.#end([{ kind: 'refused', reason: endedBefore(this.push) }]);
  }

  /**
   * Takes an instance on board, or back after its connection broke.
   *
   * @param early what it said of loads that ended in between
   */
  board(link: ProgramLink, early: readonly LinkReport[] = []): void {
    if (!this.#ordered) {
      this.#early.set(link, early);
      return;
    }
    // By the connection, not by the process alone: it may have dialled anew before the old connection is seen to end.
    let instance = this.#instances.find((one) => one.link.closed && isSameProcess(one.link, link));
    if (instance?.outcome !== undefined) return; // The queue brings it to what is desired when this delivery is over.
    if (instance === undefined) {
      if (this.#cancelled) return;
      instance = { link, nonce: '', returns: -1, swapped: false };
      this.#instances.push(instance);
    }
    instance.link = link;
    instance.returns += 1;
    for (const report of early) if (report.version === this.push.version) this.#hear(instance, report);
    if (instance.outcome !== undefined) return;
    const running = link.modules.get(this.push.module);
    if (running?.version === this.push.version && running.digest === this.#code.image?.digest) {
      // It went on while the connection was down.
      if (!instance.swapped) this.push.reach({ event: 'swapped' }, link.pid);
      instance.swapped = true;
      if (running.state === 'confirmed') {
        void this.#confirm(instance);
        return;
      }
    } else if (this.#cancelled) {
      this.#settle(instance, this.#superseded());
      return;
    } else if (instance.returns > mostReturns) {
      const what = `came back ${mostReturns + 1} times without version ${this.push.version}`;
      const reason = new VaisError('reverted', `${link.name} (pid ${link.pid}) ${what}: it may have died of it`);
      this.push.reach({ event: 'reverted', reason: reason.toJSON() }, link.pid);
      this.#giveUp(instance, { kind: 'reverted', reason, running: running?.version });
      return;
    }
    const on = instance;
    instance.nonce = link.load(this.#order, (report) => this.#hear(on, report));
  }

  /** An instance's connection has ended. */
  left(link: ProgramLink): void {
    const instance = this.#instances.find((one) => one.link === link && one.outcome === undefined);
    if (instance !== undefined) void this.#lost(instance, link);
  }

  /** A report that belongs to no open order. Returns whether it is about this delivery. */
  hear(link: ProgramLink, report: LinkReport): boolean {
    const instance = this.#instances.find((one) => one.link === link);
    if (instance === undefined || report.version !== this.push.version) return false;
    this.#hear(instance, report);
    return true;
  }

  /** Takes the version back wherever it has not swapped yet. */
  cancel(): void {
    this.#cancelled = true;
    for (const instance of this.#instances) {
      if (instance.swapped || instance.outcome !== undefined) continue;
      if (instance.link.closed) this.#giveUp(instance, this.#superseded());
      else instance.link.cancel(this.push.module, instance.nonce);
    }
  }

  #hear(instance: Instance, report: LinkReport): void {
    const { link } = instance;
    const { detail, running } = report;
    if (instance.outcome !== undefined && detail.event !== 'reverted') {
      // An order that crossed the last word of the one before: it runs after all, and the queue must know.
      if (detail.event === 'swapped' || detail.event === 'confirmed') this.#deps.swapped(link, report);
      return;
    }
    switch (detail.event) {
      case 'loaded':
      case 'waiting':
        this.push.reach(detail, link.pid);
        break;
      case 'swapped':
        instance.swapped = true;
        this.#deps.swapped(link, report);
        this.push.reach(detail, link.pid);
        break;
      case 'confirmed':
        if (!instance.swapped) this.push.reach({ event: 'swapped' }, link.pid); // Said to nobody, while the connection was down.
        instance.swapped = true;
        this.#deps.swapped(link, report);
        void this.#confirm(instance);
        break;
      case 'superseded':
        this.#settle(instance, this.#superseded());
        break;
      case 'refused':
        this.#settle(instance, { kind: 'refused', reason: VaisError.of(detail.reason), running });
        break;
      case 'reverted':
        instance.swapped = true;
        this.push.reach(detail, link.pid);
        this.#deps.wentBack(link, running);
        this.#settle(instance, { kind: 'reverted', reason: VaisError.of(detail.reason), running });
    }
  }

  async #confirm(instance: Instance): Promise<void> {
    if (instance.confirming === true) return;
    instance.confirming = true;
    const { pid } = instance.link;
    try {
      await this.#deps.makeDurable();
      if (instance.outcome !== undefined) return; // It was reverted meanwhile.
      this.push.reach({ event: 'confirmed' }, pid);
      this.#settle(instance, { kind: 'confirmed', version: this.push.version });
    } catch (thrown) {
      if (instance.outcome !== undefined) return;
      // It runs, but it could not be made durable, or what came with it failed: that is said, and the version before it
      // comes back.
      const reason = VaisError.from(thrown);
      this.push.reach({ event: 'reverted', reason: reason.toJSON() }, pid);
      this.#settle(instance, { kind: 'reverted', reason });
    }
  }

  async #lost(instance: Instance, link: ProgramLink): Promise<void> {
    if (this.#cancelled && !instance.swapped) return this.#giveUp(instance, this.#superseded());
    const { closing, deathOf } = this.#deps;
    const how = await deathOf(link, AbortSignal.any([this.#over.signal, closing, AbortSignal.timeout(awayMs)]));
    if (closing.aborted || instance.link !== link || instance.outcome !== undefined) return;
    const { version } = this.push;
    const who = `${link.name} (pid ${link.pid})`;
    const when = `before version ${version} ${instance.swapped ? 'was confirmed' : 'had swapped'}`;
    if (how === undefined) {
      const reason = new VaisError('timed_out', `${who} lost its connection ${when}, and did not come back`, {
        hint: 'The version is reverted when the program reconnects. Is it stopped, or in a debugger?',
      });
      return this.#giveUp(instance, { kind: instance.swapped ? 'reverted' : 'refused', reason });
    }
    const reason = new VaisError('reverted', `${who} ${how} ${when}`, {
      hint: 'This version will not run again. Fix the code and push again.',
    });
    this.push.reach({ event: 'reverted', reason: reason.toJSON() }, link.pid);
    this.#giveUp(instance, { kind: 'reverted', reason });
  }

  /** Ends it for an instance that we cannot see: the order had gone out, so the version may have run there. */
  #giveUp(instance: Instance, outcome: Outcome): void {
    this.#lostSight = true;
    this.#settle(instance, outcome);
  }

  #superseded(): Outcome {
    return supersededBy(this.push, this.#deps.newest());
  }

  #settle(instance: Instance, outcome: Outcome): void {
    instance.outcome = outcome;
    const outcomes = this.#instances.map((one) => one.outcome);
    if (outcomes.includes(undefined)) return;
    this.#over.abort();
    this.#end(outcomes.filter((each) => each !== undefined));
  }
}
