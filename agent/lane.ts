import { requireCompatible } from '../artifact/compare.ts';
import type { Contract } from '../artifact/contract.ts';
import { readImage } from '../artifact/image.ts';
import { formatContract, readContract } from '../artifact/records.ts';
import { VaisError } from '../common/error.ts';
import type { OriginName } from '../rpc/names.ts';
import { type DeathOf, Flight, type Landing, note, orderFor } from './flight.ts';
import type { HistoryEntry, Lineage, ModuleHistory } from './history.ts';
import type { ImageStore } from './images.ts';
import type { PushEvent } from './notice.ts';
import type { LinkedModule, LinkReport, ProgramLink } from './program.ts';
import { type Code, Push, type Verdict } from './push.ts';

interface Ticket {
  readonly push: Push;
  flight?: Flight;
  supersede: () => void;
  readonly superseded: Promise<'superseded'>;
  readonly done: Promise<void>;
}

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

/**
 * The one way by which versions reach a module of the instances that run one build of a program: one at a time, the
 * newest first. It holds the desired version, and brings whoever (re)connects to it.
 */
export class Lane {
  readonly #history: ModuleHistory;
  readonly #lineage: Lineage;
  readonly #world: LaneWorld;
  readonly #links = new Set<ProgramLink>();
  #latest: Ticket | undefined;
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
    this.#links.add(link);
    link.once('closed', () => {
      this.#links.delete(link);
      this.#world.changed();
    });
    if (this.#flying !== undefined) {
      this.#flying.board(link);
      return;
    }
    const onItsWay = this.#adopt(link);
    if (onItsWay === undefined) void this.#restore(link);
    else void this.#enqueue(this.#pushOf(onItsWay, onItsWay.origin), (ticket) => this.#fly(ticket, onItsWay));
  }

  /**
   * Makes this code the next version, after what is under way and instead of what still waits.
   *
   * @throws VaisError `contract_changed`, `no_such_program`, `storage`
   */
  submit(push: Push): Promise<Verdict> {
    return this.#enqueue(push, async (ticket) => {
      const running = this.#running();
      if (running === undefined)
        throw new VaisError('no_such_program', `${push.program} ended before the push reached it`);
      const { contract } = push.code;
      // Again: another push may have come first. What ran before under this build may always come back.
      if (contract !== undefined && push.origin === 'push') requireCompatible(running.contract, contract);
      const desired = this.#entry(this.#lineage.desired);
      if (desired !== undefined && push.origin === 'push' && desired.digest === push.code.image?.digest)
        if (this.links.every((link) => this.#runs(link, desired)))
          return { kind: 'ack', version: desired.version, unchanged: true };
      push.version = 1 + Math.max(...this.#lineage.entries.map(({ version }) => version));
      const entry = entryOf(push);
      this.#lineage.entries.push(entry);
      return await this.#fly(ticket, entry);
    });
  }

  /** The code of a version that there was. @throws VaisError `no_such_version` */
  async codeOf(version: number): Promise<Code> {
    const entry = this.#entry(version);
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

  /**
   * The version before the one that is desired: the newest confirmed one whose code is another.
   *
   * @throws VaisError `no_such_version` when there is none
   */
  before(): number {
    const { entries, desired } = this.#lineage;
    const now = this.#entry(desired);
    // A rollback stands for the version that it brought back: going back once more goes further back.
    const from = now?.rollbackTo ?? desired;
    const found = entries.findLast(
      ({ version, outcome, digest }) =>
        version > 0 && version < from && outcome === 'confirmed' && digest !== now?.digest,
    );
    if (found !== undefined) return found.version;
    throw new VaisError('no_such_version', `version ${desired} of ${this.#history.module} has none before it`);
  }

  async #enqueue(push: Push, run: (ticket: Ticket) => Promise<Verdict>): Promise<Verdict> {
    const previous = this.#latest;
    const { ticket, finish } = makeTicket(push);
    this.#latest = ticket;
    previous?.supersede();
    previous?.flight?.cancel();
    try {
      const turn = await Promise.race([previous?.done, ticket.superseded]);
      if (turn !== 'superseded') return await run(ticket);
      await previous?.done; // So that the next one still waits for what is in the air.
      return this.#superseded(push);
    } finally {
      finish();
      if (this.#latest === ticket) this.#latest = undefined;
      this.#world.changed();
    }
  }

  async #fly(ticket: Ticket, entry: HistoryEntry): Promise<Verdict> {
    const { push } = ticket;
    const before = this.#lineage.desired;
    const flight = new Flight(push, this.#world.images, this.#world.deathOf, () => this.#confirm(entry));
    ticket.flight = flight;
    this.#flying = flight;
    try {
      await this.#history.save(false); // Before the order: what runs must be known, whenever we are killed.
      if (this.#links.size === 0)
        throw new VaisError('no_such_program', `${push.program} ended before the push reached it`);
      for (const link of this.#links) flight.board(link);
      push.reach('delivered');
      if (this.#latest !== ticket) flight.cancel();
      return await this.#close(entry, push, await flight.landed, before);
    } catch (thrown) {
      Object.assign(entry, { outcome: 'refused', version: 0, reason: VaisError.from(thrown).toJSON() });
      throw thrown;
    } finally {
      this.#flying = undefined;
    }
  }

  /** Writes the end of a flight down; a version that did not hold everywhere is taken back everywhere. */
  async #close(entry: HistoryEntry, push: Push, landings: readonly Landing[], before: number): Promise<Verdict> {
    const failed = landings.find(({ kind }) => kind === 'reverted') ?? landings.find(({ kind }) => kind === 'refused');
    const confirmed = landings.some(({ kind }) => kind === 'confirmed');
    if (failed === undefined && confirmed) return { kind: 'ack', version: entry.version, unchanged: false };
    this.#lineage.desired = before;
    const verdict =
      failed !== undefined && 'reason' in failed ? this.#failed(push, before, failed) : this.#superseded(push);
    entry.outcome = failed !== undefined && 'reason' in failed ? failed.kind : 'superseded';
    if (verdict.kind === 'nack') entry.reason = verdict.reason.toJSON();
    // What never ran gives its number back, so that the versions have no gap.
    if (!confirmed && failed?.kind !== 'reverted') entry.version = 0;
    await this.#history.save(true);
    for (const link of this.#links) void this.#restore(link);
    return verdict;
  }

  #failed(push: Push, running: number, landing: Extract<Landing, { reason: VaisError }>): Verdict {
    // `reverted` was said when it happened, by the instance that it happened to.
    if (landing.kind === 'refused') return push.fail('refused', landing.running ?? running, landing.reason);
    return { kind: 'nack', running: landing.running ?? running, reason: landing.reason };
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

  /**
   * Takes what a program says it runs into the history: a version of an earlier agent, or one that this agent lost
   * sight of when it was killed. Returns the entry of one that is on probation and so still on its way.
   */
  #adopt(link: ProgramLink): HistoryEntry | undefined {
    const module = link.modules.get(this.#history.module);
    if (module === undefined) return undefined;
    if (module.digest === undefined && module.buildId === this.#lineage.base)
      this.#lineage.contract = formatContract(module.contract);
    const { entries } = this.#lineage;
    const known = this.#entry(module.version);
    if (known === undefined && module.version > Math.max(...entries.map(({ version }) => version))) {
      const { version, digest, buildId } = module;
      const image = digest === undefined ? {} : { digest };
      entries.push({ version, outcome: 'confirmed', origin: 'start', ...image, buildId, at: Date.now() });
      this.#lineage.desired = version;
    }
    let onItsWay: HistoryEntry | undefined;
    for (const entry of entries) {
      if (entry.outcome !== 'pending') continue;
      if (entry === known && entry.digest === module.digest) {
        onItsWay = entry;
        continue;
      }
      entry.outcome = 'superseded';
      entry.version = 0;
      entry.reason = new VaisError('superseded', 'the agent stopped before this version had swapped').toJSON();
    }
    void this.#history.save(true).catch((thrown: unknown) => this.#world.warn(VaisError.from(thrown).message));
    return onItsWay;
  }

  async #restore(link: ProgramLink): Promise<void> {
    const entry = this.#entry(this.#lineage.desired);
    if (entry === undefined || link.closed || this.#runs(link, entry)) return;
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

  #pushOf(entry: HistoryEntry, origin: OriginName, code: Code = codeOfEntry(entry)): Push {
    const { program, module } = this.#history;
    const push = new Push({ program, module, code, origin }, performance.now(), [this.#world.publish]);
    push.version = entry.version;
    return push;
  }

  #running(): LinkedModule | undefined {
    return this.links[0]?.modules.get(this.#history.module);
  }

  #runs(link: ProgramLink, entry: HistoryEntry | undefined): boolean {
    const module = link.modules.get(this.#history.module);
    return module !== undefined && module.version === entry?.version && module.digest === entry.digest;
  }

  #entry(version: number): HistoryEntry | undefined {
    return this.#lineage.entries.find((entry) => entry.version === version && version > 0);
  }
}

function makeTicket(push: Push): { ticket: Ticket; finish: () => void } {
  let supersede: () => void = () => undefined;
  let finish: () => void = () => undefined;
  const superseded = new Promise<'superseded'>((resolve) => {
    supersede = () => resolve('superseded');
  });
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { ticket: { push, supersede, superseded, done }, finish };
}

function entryOf(push: Push): HistoryEntry {
  const { image, buildId, tier } = push.code;
  return {
    version: push.version,
    outcome: 'pending',
    origin: push.origin,
    ...(image === undefined ? {} : { digest: image.digest, size: image.size }),
    buildId,
    ...(tier === undefined ? {} : { tier }),
    at: Date.now(),
    ...(push.rollbackTo === undefined ? {} : { rollbackTo: push.rollbackTo }),
  };
}

function codeOfEntry({ digest, size, buildId }: HistoryEntry): Code {
  return digest === undefined ? { buildId } : { image: { digest, size: size ?? 0 }, buildId };
}
