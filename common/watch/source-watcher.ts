import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import type { Digest } from '../digest.ts';
import { Burst, type Change } from './burst.ts';
import { hearsEvents, isShared } from './probe.ts';

/** How often a file is looked at where nothing tells of changes, in milliseconds. */
const pollMs = 100;

/**
 * Watches a source and the files that it imports. The folders are watched, not the files, since editors that save by
 * rename put another file in their place.
 */
export class SourceWatcher {
  readonly #file: string;
  readonly #burst: Burst;
  #files: ReadonlySet<string>;
  readonly #watchers: FSWatcher[] = [];
  #polling = false;
  #closed = false;
  #hear: () => void = () => undefined;

  private constructor(file: string, debounceMs: number, onChange: (change: Change) => void) {
    this.#file = resolve(file);
    this.#files = withTargets([this.#file]);
    this.#burst = new Burst(() => this.#digest(), this.#digest(), debounceMs, onChange);
  }

  /** Resolves when a change from now on is seen. */
  static async start(file: string, debounceMs: number, onChange: (change: Change) => void): Promise<SourceWatcher> {
    const watcher = new SourceWatcher(file, debounceMs, onChange);
    const heard = new Promise<void>((done) => {
      watcher.#hear = done;
    });
    await watcher.#watch(false);
    const hears = await hearsEvents(watcher.#file, heard);
    if (!hears || (await isShared(watcher.#file))) await watcher.#poll();
    watcher.#burst.sign(); // For a save between the first look and now.
    return watcher;
  }

  /** True where the file system tells of no changes, so that the files are looked at again and again. */
  get polling(): boolean {
    return this.#polling;
  }

  /** Watches these files too: what the source imports now. */
  follow(files: readonly string[]): void {
    const all = withTargets([this.#file, ...files.map((file) => resolve(file))]);
    if (all.size === this.#files.size && [...all].every((file) => this.#files.has(file))) return;
    const folders = foldersOf(all).filter((folder) => !foldersOf(this.#files).includes(folder));
    const before = this.#digest();
    this.#files = all;
    // That the list grew is no change of what is in the files.
    this.#burst.rebase(before, this.#digest());
    for (const watcher of this.#watchers) if (folders.length > 0) watcher.add(folders);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#burst.close();
    await Promise.all(this.#watchers.map((watcher) => watcher.close()));
  }

  async #watch(polling: boolean): Promise<void> {
    const watcher = watch(foldersOf(this.#files), {
      depth: 0,
      ignoreInitial: true,
      usePolling: polling,
      interval: pollMs,
      binaryInterval: pollMs,
      // Its own grouping of events costs 100 ms and is not needed, as the content decides.
      atomic: false,
      ignored: (path, stats) => stats?.isFile() === true && !this.#files.has(resolve(path)),
    });
    this.#watchers.push(watcher);
    // Raw events come first, before chokidar has looked at the file and dropped what came within 50 ms.
    watcher.on('raw', (_event, path: unknown) => this.#raw(path));
    watcher.on('all', (_event, path) => {
      if (this.#files.has(resolve(path))) this.#sign();
    });
    // No more inotify watches, for one: looking again and again always works.
    watcher.on('error', () => void this.#poll());
    await new Promise<void>((ready) => {
      watcher.once('ready', ready);
    });
  }

  #raw(path: unknown): void {
    // The name alone decides, since a folder may be known by another path than ours; without one, anything may be it.
    const name = typeof path === 'string' ? basename(path) : '';
    if (name === '' || [...this.#files].some((file) => basename(file) === name)) this.#sign();
  }

  #sign(): void {
    this.#hear();
    this.follow([...this.#files]); // A link may point elsewhere now.
    this.#burst.sign();
  }

  async #poll(): Promise<void> {
    if (this.#polling || this.#closed) return;
    this.#polling = true;
    await this.#watch(true);
  }

  /** Of all files together; undefined while the source is missing or empty. */
  #digest(): Digest | undefined {
    const hash = createHash('sha256');
    for (const file of [...this.#files].sort()) {
      try {
        const content = readFileSync(file);
        if (content.length === 0 && file === this.#file) return undefined;
        hash.update(`${file}\0${content.length}\0`).update(content);
      } catch {
        if (file === this.#file) return undefined;
        hash.update(`${file}\0missing\0`);
      }
    }
    return hash.digest('hex') as Digest;
  }
}

/** The files, and where those of them that are links lead. */
function withTargets(files: readonly string[]): ReadonlySet<string> {
  const all = new Set(files);
  for (const file of files) {
    try {
      all.add(realpathSync(file));
    } catch {
      // Missing for a moment.
    }
  }
  return all;
}

function foldersOf(files: ReadonlySet<string>): string[] {
  return [...new Set([...files].map((file) => dirname(file)))];
}
