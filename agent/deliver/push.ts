import { defined } from '../../common/defined.ts';
import type { Digest } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import type { Detail } from '../../rpc/event.ts';
import type { OriginName } from '../../rpc/names.ts';
import type { PushEvent } from '../say/notice.ts';
import { nextArrival } from './arrival.ts';
import type { Group } from './group.ts';
import type { Failed, Superseded } from './outcome.ts';

/** What a push is, as far as it is known when it begins. */
export interface PushOptions {
  readonly program: string;
  readonly module: string;
  readonly origin: OriginName;
  /** What its code is called; empty where that is not known. */
  readonly buildId: string;
  /** Undefined for the code that the program started with. */
  readonly digest?: Digest | undefined;
  /** Of a rollback: the version whose code it brings back. */
  readonly rollbackTo?: number | undefined;
  /** The fast build whose place the code takes in its version; undefined: it becomes a version of its own. */
  readonly refines?: Digest | undefined;
  /** Who signed it; empty where that is not known, or nobody did. */
  readonly developer?: string;
  /** What it swaps with, or not at all. */
  readonly group?: Group | undefined;
  /** Whether whoever signed it may still do so: asked last before the order. @throws VaisError `revoked`, `not_permitted` */
  readonly requireRights?: () => void;
  readonly arrival?: number;
}

/** One push on its way: what it is, its clock, and where its events go. What it brings is a value beside it: `Code`. */
export class Push {
  readonly program: string;
  readonly module: string;
  readonly origin: OriginName;
  readonly rollbackTo: number | undefined;
  readonly refines: Digest | undefined;
  readonly developer: string;
  readonly group: Group | undefined;
  readonly requireRights: () => void;
  readonly #arrival: number;
  readonly #names: { readonly buildId: string; readonly digest: string };
  /** 0 until it has its turn. */
  version = 0;
  readonly #startedAt: number;
  readonly #sinks: readonly ((event: PushEvent) => void)[];

  /**
   * @param startedAt `performance.now()` of this process when the push began, wherever it did
   * @param sinks get each event
   */
  constructor(what: PushOptions, startedAt: number, sinks: readonly ((event: PushEvent) => void)[]) {
    this.program = what.program;
    this.module = what.module;
    this.origin = what.origin;
    this.rollbackTo = what.rollbackTo;
    this.refines = what.refines;
    this.developer = what.developer ?? '';
    this.group = what.group;
    this.requireRights = what.requireRights ?? (() => undefined);
    this.#arrival = what.arrival ?? nextArrival();
    this.#names = { buildId: what.buildId, digest: what.digest ?? '' };
    this.#startedAt = startedAt;
    this.#sinks = sinks;
  }

  /** Which of two came later: see `nextArrival`. Modules that swap together came when the last of them did. */
  get arrival(): number {
    return this.group?.arrival ?? this.#arrival;
  }

  /**
   * Says that the push reached a stage.
   *
   * @param pid the process that it did so in, where it is not all of them
   */
  reach({ event, ...detail }: Detail, pid = 0): void {
    const said = {
      event,
      program: this.program,
      module: this.module,
      version: this.version,
      ...this.#names,
      pid,
      origin: this.origin,
      ...(this.refines === undefined ? {} : { refines: this.refines }),
      ...(this.developer === '' ? {} : { developer: this.developer }),
      ms: performance.now() - this.#startedAt,
      at: Date.now(),
      ...detail,
    } as PushEvent;
    for (const sink of this.#sinks) sink(said);
  }

  /** Says that it failed, and how. */
  fail(failed: Failed): Failed {
    const reason = failed.reason.toJSON();
    this.reach(
      failed.kind === 'superseded'
        ? { event: failed.kind, reason, ...defined({ by: failed.by }) }
        : { event: failed.kind, reason },
    );
    return failed;
  }
}

/**
 * How a push ends that gives way.
 *
 * @param newer what it gave way to, where that is known
 */
export function supersededBy({ module }: Push, newer: Push | undefined): Superseded {
  const by = newer?.developer || undefined;
  const whose = by === undefined ? '' : ` by ${by}`;
  const reason = new VaisError('superseded', `a newer push of ${module}${whose} came before this one had swapped`);
  return { kind: 'superseded', reason, by };
}

/** Why a push ended before it began. */
export function endedBefore({ program }: Push): VaisError {
  return new VaisError('no_such_program', `${program} ended before the push reached it`);
}
