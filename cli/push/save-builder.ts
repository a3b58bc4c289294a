import type { Change } from '../../common/watch/burst.ts';
import { readFromDisk } from '../../compiler/front/modules.ts';
import type { ErrorReport } from '../show/report.ts';
import { PushClock } from './clock.ts';
import type { Destination } from './destination.ts';
import { make, type Push, type PushContext, type Ready } from './push.ts';
import { keeping, type Sources } from './second-tier.ts';
import type { Unit, UnitWatcher } from './unit.ts';

/** What all builders of a command share. */
export interface BuilderContext extends PushContext {
  readonly debounceMs: number;
  readonly nextId: () => number;
  /** Told at each save, before anything is built. */
  readonly onSave: () => void;
  /** Counts the pushes that were asked for without a save. */
  readonly round: () => number;
}

/** Who wants what is built. */
interface Builds {
  /** What it is built for. */
  readonly destination: () => Destination;
  /** A save is being built. */
  readonly saved: () => void;
  /** It was built, or cannot be; not told of what a newer save outdates. */
  readonly built: (made: Ready | ErrorReport, sources: Sources, change: Change) => void;
}

/** Builds one unit at each save: the newest alone, one build after the other. */
export class SaveBuilder {
  readonly #unit: Unit;
  readonly #context: BuilderContext;
  readonly #to: Builds;
  #watcher: UnitWatcher | undefined;
  #compiling = new AbortController();
  #making: Promise<unknown> = Promise.resolve();
  /** While saves are not taken up: the newest of them, if there was one. */
  #paused: { change?: Change } | undefined;

  constructor(unit: Unit, context: BuilderContext, to: Builds) {
    this.#unit = unit;
    this.#context = context;
    this.#to = to;
  }

  /** Aborted when something newer is saved. */
  get signal(): AbortSignal {
    return this.#compiling.signal;
  }

  /** True where the file system tells of no changes. */
  get polling(): boolean {
    return this.#watcher?.polling ?? false;
  }

  /** Watches from now on. Returns what came of what is there, which was built to warm up, and whether a save came meanwhile. */
  async start(signal: AbortSignal): Promise<{ readonly warm: Ready | ErrorReport; readonly isSaved: boolean }> {
    const unsaved = this.#compiling;
    const { debounceMs } = this.#context;
    const watcher = await this.#unit.watch(debounceMs, (change) => void this.#onChange(change));
    this.#watcher = watcher;
    const warm = await this.#warmUp(watcher, signal);
    return { warm, isSaved: this.#compiling !== unsaved };
  }

  /** What is there was not taken up: a save of the same is one. */
  want(): void {
    this.#watcher?.want();
  }

  look(): void {
    if (this.#paused === undefined) this.#watcher?.look();
  }

  /** Builds what is there, also when nothing has changed. */
  again(): void {
    this.#watcher?.again();
  }

  /** From now on saves are only noted; `resume` takes up the newest. */
  pause(): void {
    this.#paused ??= {};
  }

  resume(): void {
    const change = this.#paused?.change;
    this.#paused = undefined;
    if (change !== undefined) void this.#onChange(change);
  }

  async close(): Promise<void> {
    this.#compiling.abort();
    await this.#watcher?.close();
    await this.#making;
  }

  /**
   * Builds what is there, to say at once what is wrong with it; it is pushed at the next save. Once more where that makes the
   * first save faster (a C compiler is kept waiting for it), or shows what the build itself writes.
   */
  async #warmUp(watcher: UnitWatcher, signal: AbortSignal): Promise<Ready | ErrorReport> {
    const first = await this.#make(0, new PushClock(), signal, 'first');
    if ('event' in first) return first;
    if (this.#unit.hasTiers) await this.#make(0, new PushClock(), signal, 'second');
    for (const round of ['second', 'third'])
      if (watcher.isUnsure === true && !signal.aborted) await this.#make(0, new PushClock(), signal, round);
    return first;
  }

  async #onChange(change: Change): Promise<void> {
    if (this.#paused !== undefined) {
      this.#paused = { change };
      return;
    }
    this.#compiling.abort();
    const compiling = new AbortController();
    this.#compiling = compiling;
    this.#context.onSave();
    this.#to.saved();
    const sources: Sources = new Map();
    const clock = new PushClock(change.at);
    const revision = `${change.digest}:${this.#context.round()}`;
    const made = await this.#make(this.#context.nextId(), clock, compiling.signal, revision, sources);
    if (!compiling.signal.aborted) this.#to.built(made, sources, change);
  }

  /** Builds when the build before has ended, and watches from then on what went into it. */
  async #make(
    id: number,
    clock: PushClock,
    signal: AbortSignal,
    revision: string,
    sources: Sources = new Map(),
  ): Promise<Ready | ErrorReport> {
    const asked = new Set<string>();
    const keep = keeping(readFromDisk, sources);
    const read = (path: string): string | undefined => {
      asked.add(path); // Also what is missing: when it comes, it is read.
      return keep(path);
    };
    const onRead = (paths: readonly string[]): void => {
      for (const path of paths) asked.add(path);
    };
    const push: Push = { id, unit: this.#unit, clock, read, onRead, revision };
    const making = this.#making.then(() => make(push, this.#to.destination(), this.#context, signal));
    this.#making = making;
    const made = await making;
    if (!signal.aborted) this.#watcher?.follow([...asked]);
    return made;
  }
}
