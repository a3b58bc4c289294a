import { isErrorCode, VaisError } from '../../common/error.ts';
import type { LinkReport, LoadOrder, ProgramLink } from '../link/program-link.ts';
import { isSameProcess } from '../run/death.ts';
import type { ImageStore } from '../store/images.ts';
import type { Landing } from './outcome.ts';
import { type Code, type CrashDetails, endedBefore, type Push } from './push.ts';

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
  landed?: Landing;
}

/** How long an instance whose process lives may stay away in the middle of a delivery, in milliseconds. */
const awayMs = 30_000;
/** So often it may come back without the version: in a container each new process may have the pid of the last. */
const mostReturns = 3;

/**
 * One version on its way into the running instances of a program, from the order to the last one's word. It lands
 * when each has confirmed, refused, reverted or ended.
 */
export class Delivery {
  readonly push: Push;
  /** What became of it in each instance. */
  readonly landed: Promise<Landing[]>;
  readonly #deps: DeliveryDeps;
  readonly #order: LoadOrder;
  readonly #instances: Instance[] = [];
  readonly #ended = new AbortController();
  #land: (landings: Landing[]) => void = () => undefined;
  /** Who came before it was ordered, with what they said. */
  readonly #early = new Map<ProgramLink, readonly LinkReport[]>();
  #ordered = false;
  #cancelled = false;
  #lostSight = false;

  constructor(push: Push, deps: DeliveryDeps) {
    this.push = push;
    this.#deps = deps;
    this.#order = orderFor(push.module, push.version, push.code, deps.images, push.group?.id);
    this.landed = new Promise((resolve) => {
      this.#land = resolve;
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
    this.#land([{ kind: 'refused', reason: endedBefore(this.push), running: undefined }]);
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
    if (instance?.landed !== undefined) return; // The queue brings it to what is desired when this delivery is over.
    if (instance === undefined) {
      if (this.#cancelled) return;
      instance = { link, nonce: '', returns: -1, swapped: false };
      this.#instances.push(instance);
    }
    instance.link = link;
    instance.returns += 1;
    for (const report of early) if (report.version === this.push.version) this.#hear(instance, report);
    if (instance.landed !== undefined) return;
    const running = link.modules.get(this.push.module);
    if (running?.version === this.push.version && running.digest === this.push.code.image?.digest) {
      // It went on while the connection was down.
      if (!instance.swapped) this.push.reach('swapped', { pid: link.pid });
      instance.swapped = true;
      if (running.state === 'confirmed') {
        void this.#confirm(instance);
        return;
      }
    } else if (this.#cancelled) {
      this.#settle(instance, { kind: 'superseded' });
      return;
    } else if (instance.returns > mostReturns) {
      const what = `came back ${mostReturns + 1} times without version ${this.push.version}`;
      const reason = new VaisError('reverted', `${link.name} (pid ${link.pid}) ${what}: it may have died of it`);
      this.push.reach('reverted', { pid: link.pid, reason: reason.toJSON() });
      this.#giveUp(instance, { kind: 'reverted', reason, running: running?.version });
      return;
    }
    const on = instance;
    instance.nonce = link.load(this.#order, (report) => this.#hear(on, report));
  }

  /** An instance's connection has ended. */
  left(link: ProgramLink): void {
    const instance = this.#instances.find((one) => one.link === link && one.landed === undefined);
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
      if (instance.swapped || instance.landed !== undefined) continue;
      if (instance.link.closed) this.#giveUp(instance, { kind: 'superseded' });
      else instance.link.cancel(this.push.module, instance.nonce);
    }
  }

  #hear(instance: Instance, report: LinkReport): void {
    const { link } = instance;
    if (instance.landed !== undefined && report.verb !== 'reverted') {
      // An order that crossed the last word of the one before: it runs after all, and the queue must know.
      if (report.verb === 'swapped' || report.verb === 'confirmed') this.#deps.swapped(link, report);
      return;
    }
    const extras = { pid: link.pid };
    switch (report.verb) {
      case 'loaded':
        this.push.reach('loaded', report.resident === undefined ? extras : { ...extras, resident: report.resident });
        break;
      case 'waiting':
        this.push.reach('waiting', { ...extras, ...waitOf(report) });
        break;
      case 'swapped':
        instance.swapped = true;
        this.#deps.swapped(link, report);
        this.push.reach('swapped', report.us === undefined ? extras : { ...extras, pauseUs: report.us });
        break;
      case 'confirmed':
        if (!instance.swapped) this.push.reach('swapped', extras); // Said to nobody, while the connection was down.
        instance.swapped = true;
        this.#deps.swapped(link, report);
        void this.#confirm(instance);
        break;
      case 'superseded':
        this.#settle(instance, { kind: 'superseded' });
        break;
      case 'refused':
        this.#settle(instance, { kind: 'refused', reason: refusal(report), running: report.running });
        break;
      case 'reverted': {
        const reason = reversion(report);
        instance.swapped = true;
        this.push.reach('reverted', { ...extras, ...crashOf(report, link), reason: reason.toJSON() });
        this.#deps.wentBack(link, report.running);
        this.#settle(instance, { kind: 'reverted', reason, running: report.running });
      }
    }
  }

  async #confirm(instance: Instance): Promise<void> {
    if (instance.confirming === true) return;
    instance.confirming = true;
    const { pid } = instance.link;
    try {
      await this.#deps.makeDurable();
      if (instance.landed !== undefined) return; // It was reverted meanwhile.
      this.push.reach('confirmed', { pid });
      this.#settle(instance, { kind: 'confirmed' });
    } catch (thrown) {
      if (instance.landed !== undefined) return;
      // It runs, but it could not be made durable, or what came with it failed: that is said, and the version before it
      // comes back.
      const reason = VaisError.from(thrown);
      this.push.reach('reverted', { pid, reason: reason.toJSON() });
      this.#settle(instance, { kind: 'reverted', reason, running: undefined });
    }
  }

  async #lost(instance: Instance, link: ProgramLink): Promise<void> {
    if (this.#cancelled && !instance.swapped) return this.#giveUp(instance, { kind: 'superseded' });
    const { closing, deathOf } = this.#deps;
    const how = await deathOf(link, AbortSignal.any([this.#ended.signal, closing, AbortSignal.timeout(awayMs)]));
    if (closing.aborted || instance.link !== link || instance.landed !== undefined) return;
    const { version } = this.push;
    const who = `${link.name} (pid ${link.pid})`;
    const when = `before version ${version} ${instance.swapped ? 'was confirmed' : 'had swapped'}`;
    if (how === undefined) {
      const reason = new VaisError('timed_out', `${who} lost its connection ${when}, and did not come back`, {
        hint: 'The version is taken back when the program does. Is it stopped, or in a debugger?',
      });
      return this.#giveUp(instance, { kind: instance.swapped ? 'reverted' : 'refused', reason, running: undefined });
    }
    const reason = new VaisError('reverted', `${who} ${how} ${when}`, {
      hint: 'The version is not used again. Mend the code and push again.',
    });
    this.push.reach('reverted', { pid: link.pid, reason: reason.toJSON() });
    this.#giveUp(instance, { kind: 'reverted', reason, running: undefined });
  }

  /** Ends it for an instance that we cannot see: the order had gone out, so the version may have run there. */
  #giveUp(instance: Instance, landing: Landing): void {
    this.#lostSight = true;
    this.#settle(instance, landing);
  }

  #settle(instance: Instance, landing: Landing): void {
    instance.landed = landing;
    const landings = this.#instances.map(({ landed }) => landed);
    if (landings.includes(undefined)) return;
    this.#ended.abort();
    this.#land(landings.filter((each) => each !== undefined));
  }
}

/** The order that makes an instance run this code as this version. */
export function orderFor(
  module: string,
  version: number,
  { image, buildId }: Code,
  images: ImageStore,
  group?: string,
): LoadOrder {
  const order = { module, version, ...(group === undefined ? {} : { group }) };
  if (image === undefined) return order;
  return { ...order, image: { ...image, buildId, path: images.path(image.digest) } };
}

/** Where a version crashed, as far as the program told it. */
export function crashOf(report: LinkReport, link: ProgramLink): CrashDetails {
  const { signal, function: name, line, symbol, trace, undone } = report;
  const source = link.modules.get(report.module)?.source;
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(name === undefined ? {} : { function: name }),
    ...(line === undefined ? {} : { line }),
    ...(name === undefined || source === undefined || source === '-' ? {} : { source }),
    ...(symbol === undefined ? {} : { symbol }),
    ...(trace.length === 0 ? {} : { trace }),
    ...(undone === undefined ? {} : { undone }),
  };
}

/** Which thread holds a swap back, and where it sits. */
export function waitOf({ thread, threadName, function: name }: LinkReport) {
  return {
    ...(thread === undefined ? {} : { thread }),
    ...(threadName === undefined ? {} : { threadName }),
    ...(name === undefined ? {} : { function: name }),
  };
}

/** Why a program refused a version, as it says. */
export function refusal(report: LinkReport): VaisError {
  const code = report.code !== undefined && isErrorCode(report.code) ? report.code : 'load_refused';
  return new VaisError(code, report.reason ?? 'the program refused the version and gave no reason');
}

/** Why a program went back to the version before, as it says. */
export function reversion({ version, reason, signal, function: name, line }: LinkReport): VaisError {
  const where = name === undefined ? '' : ` in ${name}${line === undefined ? '' : `, line ${line}`}`;
  const what = signal === undefined ? 'failed' : `crashed with ${signal}`;
  return new VaisError('reverted', reason ?? `version ${version} ${what}${where}`);
}
