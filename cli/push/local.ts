import { copyFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hostTriple, libraryName } from '../../artifact/image/triple.ts';
import { VaisError } from '../../common/error.ts';
import { storageError } from '../../common/files.ts';
import type { Change } from '../../common/watch/burst.ts';
import { readFromDisk } from '../../compiler/front/modules.ts';
import { ImageCache } from '../session/image-cache.ts';
import type { Output } from '../show/output.ts';
import { type ErrorReport, errorReport } from '../show/report.ts';
import { PushClock } from './clock.ts';
import { build, type Push, type Ready } from './push.ts';
import { keeping, type Sources } from './second-tier.ts';
import type { CompileOptions, Unit, UnitWatcher } from './unit.ts';

/** What is followed without an agent, and with what. */
interface LocalContext {
  readonly output: Output;
  readonly options: CompileOptions & { readonly debounceMs: number };
  /** For images on their way; removed when the command ends. */
  readonly folder: string;
  readonly round: () => number;
  readonly onSave: () => void;
  /** What the keys reach. */
  readonly watched: Set<{ again: () => void; pause: () => void; resume: () => void }>;
}

/** Builds each unit at the start and at each save, where a program on this machine that has no agent looks for it. */
export async function watchLocally(
  units: readonly Unit[],
  context: LocalContext,
  signal: AbortSignal,
): Promise<number> {
  const followers = units.map((unit) => new LocalFollower(unit, context));
  for (const follower of followers) context.watched.add(follower);
  await Promise.all(followers.map((follower) => follower.start(signal)));
  try {
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    await Promise.all(followers.map((follower) => follower.close()));
  }
  return 0;
}

/** Builds one unit again and again. */
class LocalFollower {
  readonly #unit: Unit;
  readonly #context: LocalContext;
  #watcher: UnitWatcher | undefined;
  #compiling = new AbortController();
  #making: Promise<unknown> = Promise.resolve();
  #built = '';
  #count = 0;
  #paused: { change?: Change } | undefined;

  constructor(unit: Unit, context: LocalContext) {
    this.#unit = unit;
    this.#context = context;
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#compiling.abort(), { once: true });
    const { options, output } = this.#context;
    this.#watcher = await this.#unit.watch(options.debounceMs, (change) => void this.#onChange(change));
    await this.#make(undefined, new PushClock());
    const { polling } = this.#watcher;
    if (!signal.aborted) output.show({ event: 'watching', file: this.#unit.path, polling });
  }

  again(): void {
    this.#built = '';
    this.#watcher?.again();
  }

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

  async #onChange(change: Change): Promise<void> {
    if (this.#paused !== undefined) {
      this.#paused = { change };
      return;
    }
    this.#context.onSave();
    await this.#make(change, new PushClock(change.at));
  }

  async #make(change: Change | undefined, clock: PushClock): Promise<void> {
    this.#compiling.abort();
    const compiling = new AbortController();
    this.#compiling = compiling;
    const making = this.#making.then(() => this.#build(change, clock, compiling.signal));
    this.#making = making;
    await making;
  }

  async #build(change: Change | undefined, clock: PushClock, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const sources: Sources = new Map();
    const others: string[] = [];
    const push: Push = {
      id: ++this.#count,
      unit: this.#unit,
      clock,
      read: keeping(readFromDisk, sources),
      onRead: (paths) => others.push(...paths),
      revision: `${change?.digest ?? 'first'}:${this.#context.round()}`,
    };
    const { output, options, folder } = this.#context;
    const cache = new ImageCache(folder);
    const made = await build(push, hostTriple(), { output, options, folder, cache }, signal);
    if (signal.aborted) return;
    this.#watcher?.follow([...sources.keys(), ...others]);
    if ('event' in made) {
      this.#built = '';
      await this.#fail(made, change);
    } else if (made.built.digest !== this.#built) {
      this.#built = made.built.digest;
      await this.#place(made, change);
    }
  }

  async #place({ built, push }: Ready, change: Change | undefined): Promise<void> {
    const { path, placesImage } = this.#unit;
    const { output } = this.#context;
    const image = placesImage ? path : join(dirname(path), libraryName(built.contract.module, hostTriple()));
    try {
      if (!placesImage) await replace(image, built.image);
      const { digest, contract, compiled } = built;
      const tool = compiled === undefined ? {} : { toolchain: compiled.toolchain };
      output.show({ event: 'built', file: path, image, module: contract.module, digest, ms: push.clock.ms, ...tool });
    } catch (thrown) {
      await this.#fail(errorReport(VaisError.from(thrown), { file: path }), change);
    }
  }

  async #fail({ push: _push, ...report }: ErrorReport, change: Change | undefined): Promise<void> {
    change?.unusable();
    if ((await change?.settled) === false) return; // Half a file had been read.
    this.#context.output.show(report);
  }
}

/** Puts an image where a program may look for it just now: whole or not at all. */
async function replace(path: string, image: Ready['built']['image']): Promise<void> {
  const aside = join(dirname(path), `.${libraryAside}-${process.pid}`);
  try {
    if (image.kind === 'bytes') await writeFile(aside, image.bytes, { mode: 0o755 });
    else await copyFile(image.path, aside);
    await rename(aside, path);
  } catch (thrown) {
    throw storageError(`cannot write ${path}`, thrown);
  }
}

const libraryAside = 'vais-remote-built';
