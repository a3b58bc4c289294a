import { existsSync, rmSync } from 'node:fs';
import { VaisError } from '../common/error.ts';
import type { Change } from '../common/watch/burst.ts';
import { SourceWatcher } from '../common/watch/source-watcher.ts';
import { type BuiltLibrary, build, endBuilds } from './build.ts';
import type { HotReloadConfig } from './config.ts';
import { BuildFolder } from './folder.ts';

/** What came of the newest content of the source. */
export type Made =
  | { readonly ok: true; readonly built: BuiltLibrary }
  | { readonly ok: false; readonly error: VaisError };

/** Follows one source: at each change its newest content is built. A newer change gives up what an older one began. */
export class LibraryFollower {
  readonly #config: HotReloadConfig;
  readonly #onMade: (made: Made) => void;
  readonly #folder: BuildFolder;
  #watcher: SourceWatcher | undefined;
  #compiling = new AbortController();
  #newest: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(config: HotReloadConfig, folder: BuildFolder, onMade: (made: Made) => void) {
    this.#config = config;
    this.#folder = folder;
    this.#onMade = onMade;
  }

  /**
   * Watches the source from now on. Nothing is built before it changes, or before `make`.
   *
   * @param onMade gets what was built; the file is the receiver's to remove. It does not throw.
   */
  static async start(config: HotReloadConfig, onMade: (made: Made) => void): Promise<LibraryFollower> {
    const folder = await BuildFolder.make();
    const follower = new LibraryFollower(config, folder, onMade);
    // Where there is no file, building says so better than watching.
    if (existsSync(config.file)) {
      follower.#watcher = await SourceWatcher.start(config.file, config.debounceMs, (change) =>
        follower.#begin(change),
      );
    }
    return follower;
  }

  /** Builds now. Resolves when the newest content there is has been built, or cannot be. */
  async make(): Promise<void> {
    this.#begin();
    for (let newest: Promise<void> | undefined; newest !== this.#newest; ) {
      newest = this.#newest;
      await newest;
    }
  }

  /** Gives up what is being built. Resolves when nothing is left, neither a process nor a file. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#compiling.abort();
    await this.#watcher?.close();
    await this.#newest;
    await endBuilds(this.#folder.path);
    await this.#folder.remove();
  }

  #begin(change?: Change): void {
    if (this.#closed) return;
    this.#compiling.abort();
    const compiling = new AbortController();
    this.#compiling = compiling;
    const before = this.#newest;
    // What was given up ends too before the newest counts as done, so that `close` leaves nothing behind.
    this.#newest = this.#make(compiling.signal, change).then(() => before);
  }

  async #make(signal: AbortSignal, change: Change | undefined): Promise<void> {
    const read: string[] = [];
    const made = await this.#build(signal, (path) => read.push(path));
    if (!signal.aborted) this.#watcher?.follow(read);
    if (!made.ok && change !== undefined && !signal.aborted) {
      // Half a file may have been read: what follows within the burst decides.
      change.unusable();
      if (!(await change.settled)) return;
    }
    if (!signal.aborted) this.#onMade(made);
    else if (made.ok) rmSync(made.built.path, { force: true });
  }

  async #build(signal: AbortSignal, onRead: (path: string) => void): Promise<Made> {
    try {
      return { ok: true, built: await build(this.#config, this.#folder.path, signal, onRead) };
    } catch (thrown) {
      return { ok: false, error: VaisError.from(thrown) };
    }
  }
}
