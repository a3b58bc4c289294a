import { requireCompatible } from '../../artifact/contract/compare.ts';
import { VaisError } from '../../common/error.ts';
import type { OriginName } from '../../rpc/names.ts';
import type { LinkedModule, LinkReport, ProgramLink } from '../link/program-link.ts';
import type { HistoryEntry, Lineage, ModuleHistory } from '../store/history.ts';
import { crashOf, Delivery, refusal, reversion } from './delivery.ts';
import { makeDurable } from './durable.ts';
import type { Group } from './group.ts';
import {
  adopt,
  begin,
  codeOfEntry,
  demote,
  entryOf,
  lostSight,
  neverRan,
  nextVersion,
  runs,
  versionBefore,
} from './lineage.ts';
import { failedWith, failureOf } from './outcome.ts';
import { type Code, endedBefore, Push, supersededBy, type Verdict } from './push.ts';
import type { QueueDeps } from './queue-deps.ts';
import { Restorer } from './restore.ts';
import { dropTier, isOf, refinable } from './tier.ts';
import { Turns } from './turns.ts';
import { codeOf, learnContract, note, noteReturn } from './versions.ts';

/** What an instance that (re)connected is to be brought to. */
export interface Coming {
  readonly module: string;
  /** A version that was on its way when the agent ended, or the desired one. */
  readonly entry: HistoryEntry;
  /** Brings it there, in one go with the others of the group. */
  begin(group?: Group): void;
  /** Ends what was on its way, as what came with it cannot come any more. */
  abandon(): void;
}

type OnGiveWay = (giveWay: () => void) => void;

/**
 * The one way by which versions reach a module of the instances that run one build of a program: one at a time, the
 * newest first. It holds the desired version, and brings whoever (re)connects to it.
 */
export class Queue {
  readonly lineage: Lineage;
  readonly #history: ModuleHistory;
  readonly #deps: QueueDeps;
  readonly #links = new Set<ProgramLink>();
  readonly #turns = new Turns();
  readonly #restorer: Restorer;
  #flying: Delivery | undefined;
  /** The last push that was confirmed: who made it hears of it when the version fails later. */
  #confirmed: Push | undefined;
  #resuming = false;
  /** When the newest push came that was submitted. */
  #newest = 0;

  constructor(history: ModuleHistory, lineage: Lineage, deps: QueueDeps) {
    this.#history = history;
    this.lineage = lineage;
    this.#deps = deps;
    this.#restorer = new Restorer(lineage, history.module, deps, {
      isDue: (link) => this.#flying === undefined && !this.#resuming && this.#links.has(link),
      pushOf: (entry, code) => this.#pushOf(entry, 'restore', code),
      wentBack: (link, running) => this.#wentBack(link, running),
      failed: (entry, reason) => this.#demote(entry, reason),
    });
  }

  get module(): string {
    return this.#history.module;
  }

  /** The instances that are connected. */
  get links(): readonly ProgramLink[] {
    return [...this.#links];
  }

  /**
   * An instance (re)connected: it joins the delivery that is under way. Otherwise it is to be brought to a version, which
   * its caller begins, together with those of its other modules that were pushed with it.
   *
   * @param early what it said of loads that ended while it had no connection
   */
  join(link: ProgramLink, early: readonly LinkReport[] = []): Coming | undefined {
    const module = this.#moduleOf(link);
    if (module === undefined) return undefined;
    this.#links.add(link);
    link.on('report', (report) => {
      if (report.module === module.name) this.#hear(link, report);
    });
    link.on('moved', (moved) => {
      if (moved === module) void this.#moved(moved);
    });
    link.once('closed', () => {
      this.#links.delete(link);
      this.#flying?.left(link);
      this.#restorer.left(link);
    });
    for (const report of early) if (report.version !== this.#flying?.push.version) this.#hear(link, report);
    this.#flying?.board(link, early);
    if (this.#flying !== undefined) return undefined;
    const onItsWay = adopt(this.lineage, module);
    void this.#save();
    if (this.#resuming) return undefined; // The delivery that is about to begin takes everybody.
    const desired = entryOf(this.lineage, this.lineage.desired);
    const entry = onItsWay ?? desired;
    if (entry === undefined) return undefined;
    return {
      module: module.name,
      entry,
      begin: (group) =>
        void (onItsWay === undefined ? this.#restorer.bring([link], group) : this.#resume(onItsWay, group)),
      abandon: () => {
        Object.assign(entry, { outcome: 'superseded', reason: lostSight.toJSON() } satisfies Partial<HistoryEntry>);
        void this.#save();
        void this.#restorer.bring([link]);
      },
    };
  }

  /**
   * Makes this code the next version, after what is under way and instead of what still waits.
   *
   * @throws VaisError `contract_changed`, `no_such_program`, `storage`
   */
  submit(push: Push): Promise<Verdict> {
    const run = async (onGiveWay: OnGiveWay): Promise<Verdict> => {
      if (this.#links.size === 0) throw endedBefore(push);
      this.requireFit(push);
      const desired = entryOf(this.lineage, this.lineage.desired);
      if (desired !== undefined && push.origin === 'push' && isOf(desired, push.code))
        if (this.links.every((link) => runs(this.#moduleOf(link), desired))) {
          push.group?.leave(push.module);
          push.version = desired.version;
          push.reach('unchanged');
          return { kind: 'ack', version: desired.version, unchanged: true };
        }
      if (push.refines !== undefined) {
        const refined = refinable(this.lineage, push);
        push.version = refined.version;
        return await this.#fly(push, refined, onGiveWay);
      }
      const { group } = push;
      if (group !== undefined) {
        onGiveWay(() => group.giveWay(push.module, supersededBy(push)));
        await group.meet('turn');
      }
      push.version = nextVersion(this.lineage);
      const entry = begin(this.lineage, push);
      try {
        return await this.#fly(push, entry, onGiveWay);
      } catch (thrown) {
        const reason = VaisError.from(thrown);
        neverRan(entry, reason.code === 'superseded' ? 'superseded' : 'refused', reason);
        void this.#save();
        throw thrown;
      }
    };
    const superseded = () => {
      const reason = supersededBy(push);
      push.group?.fail(push.module, { outcome: 'superseded', reason });
      return push.fail('superseded', this.lineage.desired, reason);
    };
    // The better build of what runs is no reason for something else to give way.
    if (push.refines !== undefined && this.#turns.busy) return Promise.resolve(superseded());
    // It was overtaken on its way here by something that came after it.
    if (push.arrival < this.#newest) return Promise.resolve(superseded());
    if (push.refines === undefined) this.#newest = push.arrival;
    return this.#turns.take(run, superseded).finally(this.#deps.changed);
  }

  /** Holds a push to what each instance runs. What ran before under this build may always come back. */
  requireFit({ code: { contract }, origin }: Pick<Push, 'code' | 'origin'>): void {
    if (contract === undefined || origin !== 'push') return;
    for (const running of new Set(this.links.map((link) => this.#moduleOf(link)?.contract)))
      if (running !== undefined) requireCompatible(running, contract);
  }

  /** The code of a version that there was. @throws VaisError `no_such_version` */
  codeOf(version: number): Promise<Code> {
    return codeOf(this.lineage, this.module, version, this.#deps.images);
  }

  /** The version before the one that is desired. @throws VaisError `no_such_version` when there is none */
  before(): number {
    const version = versionBefore(this.lineage);
    if (version !== undefined) return version;
    const { desired } = this.lineage;
    const to = entryOf(this.lineage, desired)?.rollbackTo;
    const which = to === undefined ? '' : ` is the code of version ${to}, which`;
    throw new VaisError('no_such_version', `version ${desired} of ${this.module}${which} has none before it`, {
      hint: 'Name the version that you want: `vais-remote rollback VERSION`; see `vais-remote history`.',
    });
  }

  /** Goes on with a version that was on its way when the agent ended. */
  async #resume(entry: HistoryEntry, group?: Group): Promise<void> {
    this.#resuming = true;
    const run = async (onGiveWay: OnGiveWay) => {
      const push = this.#pushOf(entry, entry.origin, await this.codeOf(entry.version), group);
      if (group !== undefined) onGiveWay(() => group.giveWay(this.module, supersededBy(push)));
      await this.#fly(push, entry, onGiveWay);
    };
    try {
      await this.#turns.take(run, () => {
        throw new VaisError('superseded', `something newer came before version ${entry.version} of ${this.module}`);
      });
    } catch (thrown) {
      const reason = VaisError.from(thrown);
      group?.fail(this.module, { outcome: 'refused', reason });
      this.#deps.warn(reason.message);
      // Else it is tried again when an instance joins.
      if (reason.code === 'no_such_version')
        Object.assign(entry, { outcome: 'superseded', reason: reason.toJSON() } satisfies Partial<HistoryEntry>);
    }
    this.#resuming = false;
    void this.#restorer.bring(this.#links);
    this.#deps.changed();
  }

  async #fly(push: Push, entry: HistoryEntry, onGiveWay: OnGiveWay): Promise<Verdict> {
    const before = this.lineage.desired;
    let durable: Promise<void> | undefined;
    const delivery = new Delivery(push, {
      ...this.#deps,
      // One for all: nobody says `confirmed` before it is on the disk.
      makeDurable: () => {
        durable ??= Promise.resolve(push.group?.meet('confirmed')).then(() => this.#makeDurable(entry, push));
        return durable;
      },
      swapped: (link, report) => {
        note(link, push, report);
        if (this.#flying !== delivery) void this.#restorer.bring([link]);
      },
      wentBack: (link, running) => this.#wentBack(link, running),
    });
    this.#flying = delivery;
    try {
      await this.#history.save(false); // Before the order: what runs must be known, whenever we are killed.
      if (this.#links.size === 0) throw endedBefore(push);
      push.requireRights(); // It may have waited for its turn since it was admitted.
      const order = () => {
        this.#restorer.overtaken();
        delivery.order(this.#links);
        push.reach('delivered');
        push.group?.onGiveWay(() => delivery.cancel());
      };
      if (push.group === undefined) order();
      else await push.group.meet('saved', order);
      onGiveWay(() =>
        push.group === undefined ? delivery.cancel() : push.group.giveWay(push.module, supersededBy(push)),
      );
      return await this.#conclude(delivery, entry, before);
    } finally {
      this.#flying = undefined;
      // Whoever does not run what it should by now.
      void this.#restorer.bring(this.#links, push.group?.isOrdered === true ? push.group : undefined);
    }
  }

  /** Writes the end of a delivery down; a version that did not hold everywhere is taken back everywhere. */
  async #conclude(delivery: Delivery, entry: HistoryEntry, before: number): Promise<Verdict> {
    const { push } = delivery;
    const own = failureOf(await delivery.landed, push);
    if (own !== undefined) push.group?.fail(push.module, own);
    const failed = own ?? (await failedWith(push));
    if (failed === undefined) {
      this.#confirmed = push;
      return { kind: 'ack', version: entry.version, unchanged: false };
    }
    const { outcome, reason, running = before } = failed;
    if (push.refines !== undefined) {
      dropTier(entry); // The version stands, in its fast build, unless that has failed as well.
      if (outcome === 'reverted' && running !== entry.version) this.#demote(entry, reason, running);
    } else {
      if (this.lineage.desired === entry.version) this.lineage.desired = before;
      if (delivery.mayHaveRun) Object.assign(entry, { outcome, reason: reason.toJSON() });
      else neverRan(entry, outcome, reason);
    }
    await this.#save();
    // Its own `reverted` was said when it happened, by the instance that it happened to.
    return outcome === 'reverted' && own !== undefined
      ? { kind: 'nack', running, reason }
      : push.fail(outcome, running, reason);
  }

  /** A report of something that ended long ago, or while the program had no connection. */
  #hear(link: ProgramLink, report: LinkReport): void {
    if (this.#flying?.hear(link, report)) return;
    const entry = entryOf(this.lineage, report.version);
    if (entry === undefined) return;
    if (report.verb === 'refused' && entry.outcome === 'pending') {
      neverRan(entry, 'refused', refusal(report));
      void this.#save();
    } else if (report.verb === 'reverted') {
      const reason = reversion(report);
      const known = this.#confirmed?.version === entry.version ? this.#confirmed : undefined;
      const push = known ?? this.#pushOf(entry, entry.origin, codeOfEntry(entry));
      push.reach('reverted', { pid: link.pid, ...crashOf(report, link), reason: reason.toJSON() });
      if (report.running !== report.version) this.#demote(entry, reason, report.running);
      else if (dropTier(entry)) void this.#save(); // To the fast build of the same version.
      this.#wentBack(link, report.running);
    }
  }

  /** The program runs something that this agent did not ask for: a library beside its source, say. */
  async #moved(module: LinkedModule): Promise<void> {
    if (this.#flying === undefined && !this.#resuming) {
      adopt(this.lineage, module);
      void this.#save();
    }
    await learnContract(module, this.lineage, this.#deps.images);
    this.#deps.changed();
  }

  #wentBack(link: ProgramLink, running: number | undefined): void {
    void noteReturn(this.#moduleOf(link), running, this.lineage, this.#deps.images).then(this.#deps.changed);
  }

  /** A version failed that had held before, and an instance does without it: so do the others. */
  #demote(entry: HistoryEntry, reason: VaisError, running?: number): void {
    if (!demote(this.lineage, entry, reason, running)) return;
    void this.#save();
    void this.#restorer.bring(this.#links);
    this.#deps.changed();
  }

  async #makeDurable(entry: HistoryEntry, push: Push): Promise<void> {
    await makeDurable(entry, push, this.lineage, this.#history, this.#deps.images);
    this.#deps.changed();
  }

  /** Durable. What cannot be written is still right in memory, and is written with the next change. */
  #save(): Promise<void> {
    return this.#history.save(true).catch((thrown: unknown) => this.#deps.warn(VaisError.from(thrown).message));
  }

  #moduleOf(link: ProgramLink): LinkedModule | undefined {
    return link.modules.get(this.module);
  }

  #pushOf(entry: HistoryEntry, origin: OriginName, code: Code, group?: Group): Push {
    const { program, module } = this.#history;
    const push = new Push({ program, module, code, origin, group }, performance.now(), [this.#deps.publish]);
    push.version = entry.version;
    return push;
  }
}
