import type { Tier } from '../../artifact/act/manifest.ts';
import type { Contract } from '../../artifact/contract/contract.ts';
import type { Digest } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import type { OriginName, StageName } from '../../rpc/names.ts';
import type { PushEvent } from '../say/notice.ts';
import { nextArrival } from './arrival.ts';
import type { Group } from './group.ts';

/** The code that a push or a rollback wants to run. */
export interface Code {
  /** Undefined for the code that the program started with. */
  readonly image?: { readonly digest: Digest; readonly size: number };
  readonly buildId: string;
  readonly tier?: Tier;
  /** What it promises, where that is known. */
  readonly contract?: Contract;
}

/** How a push ended. */
export type Verdict =
  | { readonly kind: 'ack'; readonly version: number; readonly unchanged: boolean }
  | { readonly kind: 'nack'; readonly running: number; readonly reason: VaisError };

type Said = keyof PushEvent &
  ('pid' | 'reason' | 'pauseUs' | keyof CrashDetails | 'thread' | 'threadName' | 'resident');
type Extras = Partial<Pick<PushEvent, Said>>;

/** Where a version failed, as far as the program told it. */
export type CrashDetails = Pick<PushEvent, 'signal' | 'function' | 'line' | 'source' | 'symbol' | 'trace' | 'undone'>;

/** One push on its way: what it is, its clock, and where its events go. */
export class Push {
  readonly program: string;
  readonly module: string;
  readonly code: Code;
  readonly origin: OriginName;
  readonly rollbackTo: number | undefined;
  /** The fast build whose place the code takes in its version; undefined: it becomes a version of its own. */
  readonly refines: Digest | undefined;
  /** What it swaps with, or not at all. */
  readonly group: Group | undefined;
  /** Whether whoever signed it may still do so: asked last before the order. @throws VaisError `revoked`, `not_permitted` */
  readonly requireRights: () => void;
  readonly #arrival: number;
  version = 0;
  readonly #startedAt: number;
  readonly #sinks: readonly ((event: PushEvent) => void)[];

  /**
   * @param startedAt `performance.now()` of this process when the push began, wherever it did
   * @param sinks get each event
   */
  constructor(
    what: {
      program: string;
      module: string;
      code: Code;
      origin: OriginName;
      rollbackTo?: number;
      refines?: Digest;
      group?: Group | undefined;
      requireRights?: () => void;
      arrival?: number;
    },
    startedAt: number,
    sinks: readonly ((event: PushEvent) => void)[],
  ) {
    this.program = what.program;
    this.module = what.module;
    this.code = what.code;
    this.origin = what.origin;
    this.rollbackTo = what.rollbackTo;
    this.refines = what.refines;
    this.group = what.group;
    this.requireRights = what.requireRights ?? (() => undefined);
    this.#arrival = what.arrival ?? nextArrival();
    this.#startedAt = startedAt;
    this.#sinks = sinks;
  }

  /** Which of two came later: see `nextArrival`. Modules that swap together came when the last of them did. */
  get arrival(): number {
    return this.group?.arrival ?? this.#arrival;
  }

  /** Says that the push reached a stage. */
  reach(stage: StageName, extras: Extras = {}): void {
    const event: PushEvent = {
      event: stage,
      program: this.program,
      module: this.module,
      version: this.version,
      buildId: this.code.buildId,
      digest: this.code.image?.digest ?? '',
      pid: 0,
      origin: this.origin,
      ...(this.refines === undefined ? {} : { refines: this.refines }),
      ms: performance.now() - this.#startedAt,
      at: Date.now(),
      ...extras,
    };
    for (const sink of this.#sinks) sink(event);
  }

  /** Ends the push with a reason, as an event and as a verdict. */
  fail(stage: 'refused' | 'reverted' | 'superseded', running: number, reason: VaisError, extras: Extras = {}): Verdict {
    this.reach(stage, { ...extras, reason: reason.toJSON() });
    return { kind: 'nack', running, reason };
  }
}

/** Why a push gave way. */
export function supersededBy({ module }: Push): VaisError {
  return new VaisError('superseded', `a newer push of ${module} came before this one had swapped`);
}

/** Why a push ended before it began. */
export function endedBefore({ program }: Push): VaisError {
  return new VaisError('no_such_program', `${program} ended before the push reached it`);
}
