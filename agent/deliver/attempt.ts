import { VaisError } from '../../common/error.ts';
import type { ProgramLink } from '../link/program-link.ts';
import type { ModuleHistory } from '../store/history.ts';
import type { HistoryEntry } from '../store/history-file.ts';
import type { Code } from './code.ts';
import { Delivery, type DeliveryDeps } from './delivery.ts';
import { makeDurable } from './durable.ts';
import type { Lineage } from './lineage.ts';
import { type Failed, inAll, isHeld, type Outcome } from './outcome.ts';
import { endedBefore, type Push, supersededBy } from './push.ts';
import type { QueueDeps } from './queue-deps.ts';

/** Hears how to make something give way, where it still can. */
export type OnGiveWay = (giveWay: () => void) => void;

/** What an attempt needs of its queue. */
export interface AttemptDeps extends QueueDeps, Pick<DeliveryDeps, 'newest' | 'swapped' | 'wentBack'> {
  readonly history: ModuleHistory;
  readonly lineage: Lineage;
  /** The instances that are connected now. */
  readonly links: () => readonly ProgramLink[];
  /** It is about to be ordered in all of them. */
  readonly onOrder: () => void;
  /** Writes the history down, now or later. */
  readonly save: () => Promise<void>;
  /** A version that had held fails with it. */
  readonly revert: (entry: HistoryEntry, reason: VaisError, running: number | undefined) => void;
}

/** One version, from its turn to its end: it is written down, ordered everywhere, and taken back where it does not hold. */
export class Attempt {
  readonly delivery: Delivery;
  readonly #push: Push;
  readonly #entry: HistoryEntry;
  readonly #deps: AttemptDeps;
  readonly #before: number;

  constructor(push: Push, code: Code, entry: HistoryEntry, deps: AttemptDeps) {
    const { lineage, history, images, changed } = deps;
    this.#push = push;
    this.#entry = entry;
    this.#deps = deps;
    this.#before = lineage.desired;
    let durable: Promise<void> | undefined;
    this.delivery = new Delivery(push, code, {
      ...deps,
      // One for all: nobody says `confirmed` before it is on the disk.
      makeDurable: () => {
        durable ??= Promise.resolve(push.group?.meet('confirmed'))
          .then(() => makeDurable(entry, code, push.refines !== undefined, lineage, history, images))
          .then(changed);
        return durable;
      },
    });
  }

  /** @throws VaisError what keeps it from being ordered: `storage`, `no_such_program`, `revoked`, `superseded` */
  async run(onGiveWay: OnGiveWay): Promise<Outcome> {
    const push = this.#push;
    const { group } = push;
    const { history, links, newest, onOrder } = this.#deps;
    await history.save(false); // Before the order: what runs must be known, whenever we are killed.
    if (links().length === 0) throw endedBefore(push);
    push.requireRights(); // It may have waited for its turn since it was admitted.
    const order = () => {
      onOrder();
      this.delivery.order(links());
      push.reach({ event: 'delivered' });
      group?.onGiveWay(() => this.delivery.cancel());
    };
    if (group === undefined) order();
    else await group.meet('saved', order);
    onGiveWay(() =>
      group === undefined ? this.delivery.cancel() : group.giveWay(push.module, supersededBy(push, newest()).reason),
    );
    return await this.#conclude();
  }

  /** Writes its end down; a version that did not hold everywhere is taken back everywhere. */
  async #conclude(): Promise<Outcome> {
    const [push, entry, { lineage, save, revert }] = [this.#push, this.#entry, this.#deps];
    const ended = inAll(await this.delivery.ended) ?? supersededBy(push, this.#deps.newest());
    const own = isHeld(ended) ? undefined : ended;
    if (own !== undefined) push.group?.fail(push.module, own);
    const failed = own ?? (await failedWith(push));
    if (failed === undefined) return { kind: 'confirmed', version: entry.version };
    const { kind, reason, running = this.#before } = failed;
    if (push.refines === undefined) lineage.fail(entry, failed, this.#before, this.delivery.mayHaveRun);
    else {
      lineage.unrefine(entry); // The version stands, in its fast build, unless that has failed as well.
      if (kind === 'reverted' && running !== entry.version) revert(entry, reason, running);
    }
    await save();
    // Its own `reverted` was said when it happened, by the instance that it happened to.
    const told = { ...failed, running };
    return kind === 'reverted' && own !== undefined ? told : push.fail(told);
  }
}

/** The failure of what was pushed with a version that holds: it is taken back with it. Undefined when all hold. */
async function failedWith({ group }: Push): Promise<Failed | undefined> {
  try {
    await group?.meet('ended');
    return undefined;
  } catch (thrown) {
    return { kind: 'reverted', reason: VaisError.from(thrown) };
  }
}
