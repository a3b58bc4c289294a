import { requireCompatible } from '../artifact/compare.ts';
import type { Contract } from '../artifact/contract.ts';
import { readImage } from '../artifact/image.ts';
import { readContract } from '../artifact/records.ts';
import { VaisError } from '../common/error.ts';
import type { OriginName } from '../rpc/names.ts';
import { type DeathOf, Flight, type Landing, note, orderFor } from './flight.ts';
import type { HistoryEntry, Lineage, ModuleHistory } from './history.ts';
import type { ImageStore } from './images.ts';
import { adopt, begin, codeOfEntry, entryOf, neverRan, nextVersion, runs, versionBefore } from './lineage.ts';
import type { PushEvent } from './notice.ts';
import type { LinkedModule, LinkReport, ProgramLink } from './program.ts';
import { type Code, Push, type Verdict } from './push.ts';
import { Turns } from './turns.ts';

/** What a lane needs of its surroundings. */
export interface LaneWorld {
  readonly images: ImageStore;
  readonly deathOf: DeathOf;
  /** Gets the events of what the lane begins by itself. */
  readonly publish: (event: PushEvent) => void;
  readonly warn: (message: string) => void;
  /** Called when what a module runs or should run has changed. */
  readonly changed: () => void;
}

type OnGiveWay = (giveWay: () => void) => void;

/**
 * The one way by which versions reach a module of the instances that run one build of a program: one at a time, the
 * newest first. It holds the desired version, and brings whoever (re)connects to it.
 */
export class Lane {
  readonly #history: ModuleHistory;
  readonly #lineage: Lineage;
  readonly #world: LaneWorld;
  readonly #links = new Set<ProgramLink>();
  readonly #turns = new Turns();
  #flying: Flight | undefined;

  constructor(history: ModuleHistory, lineage: Lineage, world: LaneWorld) {
    this.#history = history;
    this.#lineage = lineage;
    this.#world = world;
  }

  get lineage(): Lineage {
    return this.#lineage;
  }

  /** The instances that are connected. */
  get links(): readonly ProgramLink[] {
    return [...this.#links];
  }

  /** The contract of what runs, where anything does. */
  get contract(): Contract | undefined {
    return this.#running()?.contract;
  }

  /** An instance (re)connected: it joins the flight that is under way, or is brought to the desired version. */
  join(link: ProgramLink): void {
    const module = link.modules.get(this.#history.module);
    if (module === undefined) return;
    this.#links.add(link);
    link.once('closed', () => {
      this.#links.delete(link);
      this.#world.changed();
    });
    if (this.#flying !== undefined) {
      this.#flying.board(link);
      return;
    }
    const onItsWay = adopt(this.#lineage, module);
    this.#history.save(true).catch((thrown: unknown) => this.#world.warn(VaisError.from(thrown).message));
    if (onItsWay === undefined) void this.#restore(link);
    else void this.#resume(onItsWay);
  }

  /**
   * Makes this code the next version, after what is under way and instead of what still waits.
   *
   * @throws VaisError `contract_changed`, `no_such_program`, `storage`
   */
  submit(push: Push): Promise<Verdict> {
    return this.#take(push, async (onGiveWay) => {
      const { contract, image } = push.code;
      const running = this.#running();
      if (running === undefined) throw this.#ended(push);
      // Again: another push may have come first. What ran before under this build may always come back.
      if (contract !== undefined && push.origin === 'push') requireCompatible(running.contract, contract);
      const desired = entryOf(this.#lineage, this.#lineage.desired);
      if (desired !== undefined && push.origin === 'push' && desired.digest === image?.digest && this.#allRun(desired))
        return { kind: 'ack', version: desired.version, unchanged: true };
      push.version = nextVersion(this.#lineage);
      return await this.#fly(push, begin(this.#lineage, push), onGiveWay);
    });
  }

  /** The code of a version that there was. @throws VaisError `no_such_version` */
  async codeOf(version: number): Promise<Code> {
    const entry = entryOf(this.#lineage, version);
    if (entry === undefined)
      throw new VaisError('no_such_version', `${this.#history.module} has had no version ${version}`);
    const { digest, buildId, tier } = entry;
    if (digest === undefined) {
      const records = this.#lineage.contract;
      return records === undefined ? { buildId } : { buildId, contract: readContract(records) };
    }
    const bytes = await this.#world.images.read(digest);
    if (bytes === undefined)
      throw new VaisError('no_such_version', `the image of version ${version} is not on this agent any more`);
    const code = { image: { digest, size: bytes.length }, buildId, contract: readImage(bytes).contract };
    return tier === undefined ? code : { ...code, tier };
  }

  /** The version before the one that is desired. @throws VaisError `no_such_version` when there is none */
  before(): number {
    const version = versionBefore(this.#lineage);
    if (version !== undefined) return version;
    const { module } = this.#history;
    throw new VaisError('no_such_version', `version ${this.#lineage.desired} of ${module} has none before it`);
  }

  #take(push: Push, run: (onGiveWay: OnGiveWay) => Promise<Verdict>): Promise<Verdict> {
    return this.#turns.take(run, () => this.#superseded(push)).finally(this.#world.changed);
  }

  /** Goes on with a version that was on its way when the agent was killed. */
  async #resume(entry: HistoryEntry): Promise<void> {
    const push = this.#pushOf(entry, entry.origin, codeOfEntry(entry));
    try {
      await this.#take(push, (onGiveWay) => this.#fly(push, entry, onGiveWay));
    } catch (thrown) {
      this.#world.warn(VaisError.from(thrown).message);
    }
  }

  async #fly(push: Push, entry: HistoryEntry, onGiveWay: OnGiveWay): Promise<Verdict> {
    const before = this.#lineage.desired;
    const flight = new Flight(push, this.#world, {
      confirmed: () => this.#confirm(entry),
      revertedLate: (running) => void this.#revertLate(entry, running),
    });
    this.#flying = flight;
    try {
      await this.#history.save(false); // Before the order: what runs must be known, whenever we are killed.
      if (this.#links.size === 0) throw this.#ended(push);
      for (const link of this.#links) flight.board(link);
      push.reach('delivered');
      onGiveWay(() => flight.cancel());
      return await this.#close(flight, entry, await flight.landed, before);
    } catch (thrown) {
      neverRan(entry, 'refused', VaisError.from(thrown));
      throw thrown;
    } finally {
      this.#flying = undefined;
    }
  }

  /** Writes the end of a flight down; a version that did not hold everywhere is taken back everywhere. */
  async #close(flight: Flight, entry: HistoryEntry, landings: readonly Landing[], before: number): Promise<Verdict> {
    const { push } = flight;
    const failed = landings.find(({ kind }) => kind === 'reverted') ?? landings.find(({ kind }) => kind === 'refused');
    if (failed === undefined && landings.some(({ kind }) => kind === 'confirmed'))
      return { kind: 'ack', version: entry.version, unchanged: false };
    this.#lineage.desired = before;
    const verdict = failed === undefined ? this.#superseded(push) : this.#failed(push, before, failed);
    const reason = verdict.kind === 'nack' ? verdict.reason : new VaisError('superseded', 'superseded');
    const outcome = failed?.kind === 'reverted' || failed?.kind === 'refused' ? failed.kind : 'superseded';
    if (flight.swapped) Object.assign(entry, { outcome, reason: reason.toJSON() });
    else neverRan(entry, outcome, reason);
    await this.#history.save(true);
    for (const link of this.#links) void this.#restore(link);
    return verdict;
  }

  #failed(push: Push, before: number, landing: Landing): Verdict {
    if (!('reason' in landing)) return this.#superseded(push);
    const running = landing.running ?? before;
    // `reverted` was said when it happened, by the instance that it happened to.
    if (landing.kind === 'refused') return push.fail('refused', running, landing.reason);
    return { kind: 'nack', running, reason: landing.reason };
  }

  #superseded(push: Push): Verdict {
    const reason = new VaisError('superseded', `a newer push of ${push.module} came before this one had swapped`);
    return push.fail('superseded', this.#lineage.desired, reason);
  }

  /** Confirmed means durable: image and history are on the disk before it is said. */
  async #confirm(entry: HistoryEntry): Promise<void> {
    if (entry.outcome === 'confirmed') return;
    if (entry.digest !== undefined) await this.#world.images.sync(entry.digest);
    const before = this.#lineage.desired;
    entry.outcome = 'confirmed';
    this.#lineage.desired = entry.version;
    try {
      await this.#history.save(true);
    } catch (thrown) {
      entry.outcome = 'pending';
      this.#lineage.desired = before;
      throw thrown;
    }
    this.#world.changed();
  }

  /** A version failed after it had been confirmed, and the program went back by itself: so do the others. */
  async #revertLate(entry: HistoryEntry, running: number): Promise<void> {
    entry.outcome = 'reverted';
    if (this.#lineage.desired === entry.version) this.#lineage.desired = running;
    await this.#history.save(true).catch((thrown: unknown) => this.#world.warn(VaisError.from(thrown).message));
    for (const link of this.#links) void this.#restore(link);
    this.#world.changed();
  }

  async #restore(link: ProgramLink): Promise<void> {
    const entry = entryOf(this.#lineage, this.#lineage.desired);
    if (entry === undefined || link.closed || runs(link.modules.get(this.#history.module), entry)) return;
    try {
      const push = this.#pushOf(entry, 'restore', await this.codeOf(entry.version));
      if (this.#flying !== undefined || link.closed) return;
      const order = orderFor(push.module, push.version, push.code, this.#world.images);
      link.load(order, (report) => this.#hearRestore(link, push, report));
      push.reach('delivered', { pid: link.pid });
    } catch (thrown) {
      const { message } = VaisError.from(thrown);
      this.#world.warn(`${link.name} cannot be brought to version ${entry.version}: ${message}`);
    }
  }

  #hearRestore(link: ProgramLink, push: Push, report: LinkReport): void {
    const { verb, us, reason } = report;
    if (verb === 'swapped') note(link, push, report, 'probation');
    if (verb === 'confirmed') note(link, push, report, 'confirmed');
    push.reach(verb, {
      pid: link.pid,
      ...(us === undefined || verb !== 'swapped' ? {} : { pauseUs: us }),
      ...(reason === undefined ? {} : { reason: new VaisError('load_refused', reason).toJSON() }),
    });
    this.#world.changed();
  }

  #pushOf(entry: HistoryEntry, origin: OriginName, code: Code): Push {
    const { program, module } = this.#history;
    const push = new Push({ program, module, code, origin }, performance.now(), [this.#world.publish]);
    push.version = entry.version;
    return push;
  }

  #running(): LinkedModule | undefined {
    return this.links[0]?.modules.get(this.#history.module);
  }

  #allRun(entry: HistoryEntry): boolean {
    return this.links.every((link) => runs(link.modules.get(this.#history.module), entry));
  }

  #ended(push: Push): VaisError {
    return new VaisError('no_such_program', `${push.program} ended before the push reached it`);
  }
}
