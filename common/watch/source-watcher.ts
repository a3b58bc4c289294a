import { createHash } from 'node:crypto';
import { type FSWatcher, readFileSync, realpathSync, statSync, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { type FSWatcher as Poller, watch as poll } from 'chokidar';
import type { Digest } from '../digest.ts';
import { Burst, type Change } from './burst.ts';
import { hearsEvents, isShared } from './probe.ts';

/** How often a file is looked at where nothing tells of changes, in milliseconds. */
const pollMs = 100;

/**
 * Watches a source and the files that it imports. The folders are watched, not the files, since editors that save by
 * rename put another file in their place, twice within a millisecond at times.
 *
 * The system's own events are taken without chokidar between: at each event in a folder, chokidar lists all of it and
 * looks at each entry, on the thread that has to compile just then (4 ms a save in a folder of ten files, in which
 * programs also write their logs). Where there are no events, chokidar polls.
 */
export class SourceWatcher {
  readonly #file: string;
  readonly #burst: Burst;
  #files: ReadonlySet<string>;
  /** By folder, each with the inode that it watches. */
  readonly #watchers = new Map<string, { readonly watcher: FSWatcher; readonly inode: number | undefined }>();
  /** Where a folder that is missing would come, by the folder that it would come in. */
  #awaited: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  #poller: Poller | undefined;
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
    watcher.#watch();
    const hears = await hearsEvents(watcher.#file, heard);
    if (!hears || (await isShared(watcher.#file))) await watcher.#poll();
    watcher.#burst.sign(); // For a save between the first look and now.
    return watcher;
  }

  /** True where the file system tells of no changes, so that the files are looked at again and again. */
  get polling(): boolean {
    return this.#poller !== undefined;
  }

  /** Looks now whether the files have changed: the system may not have told yet. */
  look(): void {
    this.#burst.look();
  }

  /** What the files hold was not taken up: the next save is a change, also when it is of the same again. */
  want(): void {
    this.#burst.want();
  }

  /** Tells of a change now, whether there was one or not. */
  again(): void {
    this.#burst.want();
    this.#burst.sign();
  }

  /** Watches these files too: what the source imports now. */
  follow(files: readonly string[]): void {
    const all = withTargets([this.#file, ...files.map((file) => resolve(file))]);
    if (all.size === this.#files.size && [...all].every((file) => this.#files.has(file))) return;
    const before = this.#digest();
    this.#files = all;
    // That the list grew is no change of what is in the files.
    this.#burst.rebase(before, this.#digest());
    this.#watch();
    this.#poller?.add(existing(all));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#burst.close();
    for (const { watcher } of this.#watchers.values()) watcher.close();
    await this.#poller?.close();
  }

  /** Watches the folders that are not watched yet; of one that is missing, the nearest above it that is there. */
  #watch(): void {
    let awaited: string;
    do {
      this.#awaited = awaitedOf(this.#files);
      awaited = namesOf(this.#awaited);
      for (const folder of [...foldersOf(this.#files), ...this.#awaited.keys()]) this.#watchFolder(folder);
    } while (!this.#closed && awaited !== namesOf(awaitedOf(this.#files))); // One may have come before it was watched for.
  }

  #watchFolder(folder: string): void {
    const inode = inodeOf(folder);
    if (this.#closed || this.#watchers.has(folder) || inode === undefined) return;
    try {
      const watcher = watch(folder, (_event, name) => this.#heard(folder, name));
      watcher.on('error', () => void this.#poll());
      this.#watchers.set(folder, { watcher, inode });
    } catch {
      // No inotify watch is left: looking again and again always works.
      if (inodeOf(folder) !== undefined) void this.#poll();
    }
  }

  #heard(folder: string, name: string | null): void {
    if (name === basename(folder)) this.#renew(folder);
    // The name alone decides, since a folder may be known by another path than ours; without one, anything may be it.
    const isOurs = name === null || [...this.#files].some((file) => basename(file) === name);
    if (isOurs || this.#awaited.get(folder)?.has(name) === true) this.#sign();
  }

  /** The folder itself may have been exchanged, as by a checkout; its old watch would hear no more. */
  #renew(folder: string): void {
    const known = this.#watchers.get(folder);
    if (known === undefined || known.inode === inodeOf(folder)) return;
    known.watcher.close();
    this.#watchers.delete(folder);
    this.#watch();
    this.#sign();
  }

  #sign(): void {
    this.#hear();
    this.follow([...this.#files]); // A link may point elsewhere now.
    this.#watch(); // A folder may have come, or gone.
    this.#poller?.add(existing(this.#files));
    this.#burst.sign();
  }

  async #poll(): Promise<void> {
    if (this.#poller !== undefined || this.#closed) return;
    const poller = poll(existing(this.#files), {
      depth: 0,
      ignoreInitial: true,
      usePolling: true,
      interval: pollMs,
      binaryInterval: pollMs,
      // Its own grouping of events costs 100 ms and is not needed, as the content decides.
      atomic: false,
      ignored: (path, stats) => stats?.isFile() === true && !this.#files.has(resolve(path)),
    });
    this.#poller = poller;
    poller.on('all', () => this.#sign());
    poller.on('error', () => undefined); // A file that cannot be looked at now may be there next time.
    await new Promise<void>((ready) => {
      poller.once('ready', ready);
    });
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

/** For each folder of the files that is missing: the nearest above it that is there, and what would have to come there. */
function awaitedOf(files: ReadonlySet<string>): ReadonlyMap<string, ReadonlySet<string>> {
  const awaited = new Map<string, Set<string>>();
  for (let folder of foldersOf(files)) {
    let name = '';
    while (inodeOf(folder) === undefined && dirname(folder) !== folder) {
      name = basename(folder);
      folder = dirname(folder);
    }
    if (name !== '') awaited.set(folder, (awaited.get(folder) ?? new Set()).add(name));
  }
  return awaited;
}

/** The folders to look at again and again: those of the files, or where they would come. */
function existing(files: ReadonlySet<string>): string[] {
  const there = foldersOf(files).filter((folder) => inodeOf(folder) !== undefined);
  return [...there, ...awaitedOf(files).keys()];
}

function namesOf(awaited: ReadonlyMap<string, ReadonlySet<string>>): string {
  return JSON.stringify([...awaited].map(([folder, names]) => [folder, ...names]));
}

function inodeOf(folder: string): number | undefined {
  return statSync(folder, { throwIfNoEntry: false })?.ino;
}
