import type { Contract } from '../../artifact/contract/contract.ts';
import { requireTransition } from '../../artifact/contract/transition.ts';
import { VaisError } from '../../common/error.ts';
import type { OriginName } from '../../rpc/names.ts';
import type { LinkedModule, ProgramLink } from '../link/program-link.ts';
import type { LinkReport } from '../link/report.ts';
import type { ModuleHistory } from '../store/history.ts';
import type { HistoryEntry } from '../store/history-file.ts';
import { Attempt, type OnGiveWay } from './attempt.ts';
import type { Code } from './code.ts';
import type { Group } from './group.ts';
import { codeOfEntry, isOf, type Lineage, runs } from './lineage.ts';
import { isHeld, type Outcome } from './outcome.ts';
import { endedBefore, Push, supersededBy } from './push.ts';
import type { QueueDeps } from './queue-deps.ts';
import { Restorer } from './restore.ts';
import type { Coming } from './restore-group.ts';
import { Turns } from './turns.ts';
import { codeOf, learnContract, note, noteReturn, versionBefore } from './versions.ts';

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
  #attempt: Attempt | undefined;
  /** The last push that was confirmed: who made it hears of it when the version fails later. */
  #confirmed: Push | undefined;
  #resuming = false;
  /** The push that came last of those that were submitted. */
  #newest: Push | undefined;

  constructor(history: ModuleHistory, lineage: Lineage, deps: QueueDeps) {
    this.#history = history;
    this.lineage = lineage;
    this.#deps = deps;
    this.#restorer = new Restorer(lineage, history.module, deps, {
      isDue: (link) => this.#attempt === undefined && !this.#resuming && this.#links.has(link),
      pushOf: (entry, code) => this.#pushOf(entry, 'restore', code),
      wentBack: (link, running) => this.#wentBack(link, running),
      failed: (entry, reason) => this.#revert(entry, reason),
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
      this.#attempt?.delivery.left(link);
      this.#restorer.left(link);
    });
    for (const report of early) if (report.version !== this.#attempt?.delivery.push.version) this.#hear(link, report);
    this.#attempt?.delivery.board(link, early);
    if (this.#attempt !== undefined) return undefined;
    const onItsWay = this.lineage.adopt(module);
    void this.#save();
    if (this.#resuming) return undefined; // The delivery that is about to begin takes everybody.
    const entry = onItsWay ?? this.lineage.desiredEntry;
    if (entry === undefined) return undefined;
    return {
      module: module.name,
      entry,
      begin: (group) =>
        void (onItsWay === undefined ? this.#restorer.bring([link], group) : this.#resume(onItsWay, group)),
      abandon: () => {
        this.lineage.lose(entry);
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
  submit(push: Push, code: Code): Promise<Outcome> {
    const superseded = () => {
      const failed = { ...supersededBy(push, this.#newest), running: this.lineage.desired };
      push.group?.fail(push.module, failed);
      return push.fail(failed);
    };
    // The better build of what runs is no reason for something else to give way.
    if (push.refines !== undefined && this.#turns.busy) return Promise.resolve(superseded());
    // It was overtaken on its way here by something that came after it.
    if (this.#newest !== undefined && push.arrival < this.#newest.arrival) return Promise.resolve(superseded());
    if (push.refines === undefined) this.#newest = push;
    return this.#turns.take((onGiveWay) => this.#take(push, code, onGiveWay), superseded).finally(this.#deps.changed);
  }

  /** It is its turn. */
  async #take(push: Push, code: Code, onGiveWay: OnGiveWay): Promise<Outcome> {
    if (this.#links.size === 0) throw endedBefore(push);
    if (push.origin === 'push') this.requireFit(code.contract);
    const { lineage } = this;
    const desired = lineage.desiredEntry;
    if (desired !== undefined && push.origin === 'push' && isOf(desired, code) && this.#allRun(desired)) {
      push.group?.leave(push.module);
      push.version = desired.version;
      push.reach({ event: 'unchanged' });
      return { kind: 'unchanged', version: desired.version };
    }
    if (push.refines !== undefined) {
      const refined = lineage.refinable(push);
      push.version = refined.version;
      return await this.#try(push, code, refined, onGiveWay);
    }
    const { group } = push;
    if (group !== undefined) {
      onGiveWay(() => group.giveWay(push.module, supersededBy(push, this.#newest).reason));
      await group.meet('turn');
    }
    const before = lineage.desired;
    const entry = lineage.begin(push, code);
    try {
      return await this.#try(push, code, entry, onGiveWay);
    } catch (thrown) {
      const reason = VaisError.from(thrown);
      const kind = reason.code === 'superseded' ? 'superseded' : 'refused';
      lineage.fail(entry, { kind, reason }, before, false);
      void this.#save();
      throw thrown;
    }
  }

  #allRun(entry: HistoryEntry): boolean {
    return this.links.every((link) => runs(this.#moduleOf(link), entry));
  }

  /** Holds a push to what each instance runs. What ran before under this build may always come back. */
  requireFit(contract: Contract | undefined): void {
    if (contract === undefined) return;
    for (const running of new Set(this.links.map((link) => this.#moduleOf(link)?.contract)))
      if (running !== undefined) requireTransition(running, contract);
  }

  /** The code of a version that there was. @throws VaisError `no_such_version` */
  codeOf(version: number): Promise<Code> {
    return codeOf(this.lineage, this.module, version, this.#deps.images);
  }

  /** The version before the one that is desired. @throws VaisError `no_such_version` when there is none */
  before(): number {
    return versionBefore(this.lineage, this.module);
  }

  /** Goes on with a version that was on its way when the agent ended. */
  async #resume(entry: HistoryEntry, group?: Group): Promise<void> {
    this.#resuming = true;
    const run = async (onGiveWay: OnGiveWay) => {
      const code = await this.codeOf(entry.version);
      const push = this.#pushOf(entry, entry.origin, code, group);
      if (group !== undefined) onGiveWay(() => group.giveWay(this.module, supersededBy(push, this.#newest).reason));
      await this.#try(push, code, entry, onGiveWay);
    };
    try {
      await this.#turns.take(run, () => {
        throw new VaisError('superseded', `something newer came before version ${entry.version} of ${this.module}`);
      });
    } catch (thrown) {
      const reason = VaisError.from(thrown);
      group?.fail(this.module, { kind: 'refused', reason });
      this.#deps.warn(reason.message);
      // Else it is tried again when an instance joins.
      if (reason.code === 'no_such_version') this.lineage.lose(entry, reason);
    }
    this.#resuming = false;
    void this.#restorer.bring(this.#links);
    this.#deps.changed();
  }

  async #try(push: Push, code: Code, entry: HistoryEntry, onGiveWay: OnGiveWay): Promise<Outcome> {
    const attempt = new Attempt(push, code, entry, {
      ...this.#deps,
      history: this.#history,
      lineage: this.lineage,
      links: () => this.links,
      newest: () => this.#newest,
      onOrder: () => this.#restorer.overtaken(),
      swapped: (link, report) => {
        note(link, code, report);
        if (this.#attempt !== attempt) void this.#restorer.bring([link]);
      },
      wentBack: (link, running) => this.#wentBack(link, running),
      revert: (failed, reason, running) => this.#revert(failed, reason, running),
      save: () => this.#save(),
    });
    this.#attempt = attempt;
    try {
      const outcome = await attempt.run(onGiveWay);
      if (isHeld(outcome)) this.#confirmed = push;
      return outcome;
    } finally {
      this.#attempt = undefined;
      // Whoever does not run what it should by now.
      void this.#restorer.bring(this.#links, push.group?.isOrdered === true ? push.group : undefined);
    }
  }

  /** A report of something that ended long ago, or while the program had no connection. */
  #hear(link: ProgramLink, report: LinkReport): void {
    if (this.#attempt?.delivery.hear(link, report)) return;
    const { lineage } = this;
    const { detail, version, running } = report;
    const entry = lineage.entry(version);
    if (entry === undefined) return;
    if (detail.event === 'refused' && entry.outcome === 'pending') {
      lineage.fail(entry, { kind: 'refused', reason: VaisError.of(detail.reason) }, lineage.desired, false);
      void this.#save();
    } else if (detail.event === 'reverted') {
      const known = this.#confirmed?.version === entry.version ? this.#confirmed : undefined;
      const push = known ?? this.#pushOf(entry, entry.origin, codeOfEntry(entry));
      push.reach(detail, link.pid);
      if (running !== version) this.#revert(entry, VaisError.of(detail.reason), running);
      else if (lineage.unrefine(entry)) void this.#save(); // To the fast build of the same version.
      this.#wentBack(link, running);
    }
  }

  /** The program runs something that this agent did not ask for: a library beside its source, say. */
  async #moved(module: LinkedModule): Promise<void> {
    if (this.#attempt === undefined && !this.#resuming) {
      this.lineage.adopt(module);
      void this.#save();
    }
    await learnContract(module, this.lineage, this.#deps.images);
    this.#deps.changed();
  }

  #wentBack(link: ProgramLink, running: number | undefined): void {
    void noteReturn(this.#moduleOf(link), running, this.lineage, this.#deps.images).then(this.#deps.changed);
  }

  /** A version failed that had held before, and an instance does without it: so do the others. */
  #revert(entry: HistoryEntry, reason: VaisError, running?: number): void {
    if (!this.lineage.revert(entry, reason, running)) return;
    void this.#save();
    void this.#restorer.bring(this.#links);
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
    const names = { buildId: code.buildId, digest: code.image?.digest };
    const push = new Push({ program, module, origin, group, ...names }, performance.now(), [this.#deps.publish]);
    push.version = entry.version;
    return push;
  }
}
