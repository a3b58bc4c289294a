import { VaisError } from '../../common/error.ts';
import type { ProgramLink } from '../link/program-link.ts';
import { isEnd, type LinkReport } from '../link/report.ts';
import type { HistoryEntry } from '../store/history-file.ts';
import type { ImageStore } from '../store/images.ts';
import { type Code, orderFor } from './code.ts';
import type { DeathOf } from './delivery.ts';
import type { Group } from './group.ts';
import { type Lineage, runs } from './lineage.ts';
import type { Push } from './push.ts';
import { codeOf, note } from './versions.ts';

/** What a restorer needs of its surroundings. */
interface RestoreDeps {
  readonly images: ImageStore;
  readonly deathOf: DeathOf;
  readonly closing: AbortSignal;
  readonly changed: () => void;
  readonly warn: (message: string) => void;
}

/** What it asks and tells its queue. */
interface RestoreHooks {
  /** Whether an instance is connected, and no version is on its way to all. */
  readonly isDue: (link: ProgramLink) => boolean;
  readonly pushOf: (entry: HistoryEntry, code: Code) => Push;
  readonly wentBack: (link: ProgramLink, running: number | undefined) => void;
  /** The version does not hold any more. */
  readonly failed: (entry: HistoryEntry, reason: VaisError) => void;
}

interface Order {
  readonly entry: HistoryEntry;
  readonly push: Push;
  readonly code: Code;
}

/** So many instances in a row may die of a version that they are brought back to; one may well have been killed. */
const mostDeaths = 3;
const deathDeadlineMs = 2_000;

/** Brings instances that run something else to the desired version, and hears what comes of it. */
export class Restorer {
  readonly #lineage: Lineage;
  readonly #module: string;
  readonly #deps: RestoreDeps;
  readonly #hooks: RestoreHooks;
  readonly #orders = new Map<ProgramLink, Order>();
  #deaths: { version: number; count: number } = { version: 0, count: 0 };

  constructor(lineage: Lineage, module: string, deps: RestoreDeps, hooks: RestoreHooks) {
    this.#lineage = lineage;
    this.#module = module;
    this.#deps = deps;
    this.#hooks = hooks;
  }

  /** Brings instances to the desired version; with a group, in one go with what its other modules are brought to. */
  async bring(links: Iterable<ProgramLink>, group?: Group): Promise<void> {
    const orders = await Promise.all([...links].map((link) => this.#prepare(link, group?.id)));
    const order = () => {
      for (const each of orders) each?.();
    };
    if (group === undefined) order();
    else await group.meet('restored', order);
  }

  /** What orders an instance to run the desired version, where there is something to do. */
  async #prepare(link: ProgramLink, group: string | undefined): Promise<(() => void) | undefined> {
    const entry = this.#lineage.desiredEntry;
    const isDue = () => this.#hooks.isDue(link) && !runs(link.modules.get(this.#module), entry);
    if (entry === undefined || !isDue()) return undefined;
    try {
      const code = await codeOf(this.#lineage, this.#module, entry.version, this.#deps.images);
      const push = this.#hooks.pushOf(entry, code);
      return () => {
        if (isDue() && this.#lineage.desired === entry.version) this.#order(link, { entry, push, code }, group);
      };
    } catch (thrown) {
      const { message } = VaisError.from(thrown);
      this.#deps.warn(`${link.name} cannot be brought to version ${entry.version}: ${message}`);
      return undefined;
    }
  }

  /** Orders an instance to run a version that ran before, unless it was just told so. */
  #order(link: ProgramLink, order: Order, group: string | undefined): void {
    const { entry, push, code } = order;
    if (this.#orders.get(link)?.entry === entry) return;
    this.#orders.set(link, order);
    link.load(orderFor(push, code, this.#deps.images, group), (report) => this.#hear(link, order, report));
    push.reach({ event: 'delivered' }, link.pid);
  }

  /** Another version is on its way to all: what was ordered before gets no last word, and may be ordered again. */
  overtaken(): void {
    this.#orders.clear();
  }

  /** An instance's connection has ended. */
  left(link: ProgramLink): void {
    const order = this.#orders.get(link);
    this.#orders.delete(link);
    if (order !== undefined) void this.#lost(link, order);
  }

  #hear(link: ProgramLink, order: Order, report: LinkReport): void {
    const { push, entry, code } = order;
    const { detail, running } = report;
    if (detail.event === 'swapped' || detail.event === 'confirmed') note(link, code, report);
    if (isEnd(detail) && this.#orders.get(link) === order) this.#orders.delete(link);
    push.reach(detail, link.pid);
    if (detail.event === 'confirmed') this.#deaths = { version: 0, count: 0 };
    if (detail.event === 'reverted') {
      this.#hooks.wentBack(link, running);
      this.#hooks.failed(entry, VaisError.of(detail.reason));
    }
    this.#deps.changed();
  }

  /** A version that kills each new instance must not do so for ever. */
  async #lost(link: ProgramLink, { entry, push }: Order): Promise<void> {
    const { closing, deathOf } = this.#deps;
    const how = await deathOf(link, AbortSignal.any([closing, AbortSignal.timeout(deathDeadlineMs)]));
    if (how === undefined || closing.aborted) return;
    const before = this.#deaths.version === entry.version ? this.#deaths.count : 0;
    this.#deaths = { version: entry.version, count: before + 1 };
    if (this.#deaths.count < mostDeaths) return;
    const who = `${link.name} (pid ${link.pid})`;
    const reason = new VaisError(
      'reverted',
      `${who} ${how} on its way back to version ${entry.version}, as others did`,
    );
    push.reach({ event: 'reverted', reason: reason.toJSON() }, link.pid);
    this.#hooks.failed(entry, reason);
  }
}
