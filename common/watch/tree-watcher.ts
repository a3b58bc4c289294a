import { createHash } from 'node:crypto';
import { type Dirent, type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Digest } from '../digest.ts';
import { Burst, type Change } from './burst.ts';
import { isShared } from './probe.ts';

/** How often the files are looked at where nothing tells of changes, in milliseconds. */
const pollMs = 250;

/** What a source is called, in a folder that is watched as a whole. */
const sources =
  /\.(?:c|h|cc|cpp|cxx|c\+\+|hh|hpp|hxx|h\+\+|inl|inc|ipp|tpp|def|s|S|asm|m|mm|rs|zig|zon|vais|go|d|f|f90|swift|nim|odin|cu|cmake|mk|ld|lds)$|^(?:[Mm]akefile|GNUmakefile|CMakeLists\.txt|meson\.build|Cargo\.toml|vais\.toml)$/;
/** Folders of what was built, or of what nobody edits. */
const leftOut =
  /^(?:\..*|node_modules|target|zig-out|zig-cache|build|out|dist|bin|obj|CMakeFiles|__pycache__|cmake-build-.*|vais-remote-.*)$/;

export interface TreeOptions {
  readonly debounceMs: number;
  /** Files that are no sources, whatever they are called. */
  readonly except: readonly string[];
}

/**
 * Watches files, and folders with all that is in them: a folder's sources by their names. Whether something changed is told
 * by size and time, since all of it may be large; whether it mattered, by what is built of it. A file that each of the first
 * two builds wrote is the build's own, and left alone from then on, until somebody else writes it.
 */
export class TreeWatcher {
  readonly #roots: readonly string[];
  readonly #except: Set<string>;
  readonly #burst: Burst;
  readonly #watchers = new Map<string, FSWatcher>();
  #poller: NodeJS.Timeout | undefined;
  #isClosed = false;
  #isBuilding = false;
  #builds = 0;
  /** The files as they were when the build began, and those that the first build changed. */
  #before: ReadonlyMap<string, string> = new Map();
  #suspects: ReadonlySet<string> = new Set();
  /** Files that builds write, as the last build left them. */
  readonly #generated = new Map<string, string>();

  private constructor(roots: readonly string[], options: TreeOptions, onChange: (change: Change) => void) {
    this.#roots = roots.map((root) => resolve(root));
    this.#except = new Set(options.except.map((path) => resolve(path)));
    this.#burst = new Burst(
      () => this.#digest(options.debounceMs),
      digestOf(this.#look()),
      options.debounceMs,
      onChange,
    );
  }

  /** Resolves when a change from now on is seen. */
  static async start(
    roots: readonly string[],
    options: TreeOptions,
    onChange: (change: Change) => void,
  ): Promise<TreeWatcher> {
    const watcher = new TreeWatcher(roots, options, onChange);
    watcher.#watch();
    const shared = await Promise.all(watcher.#roots.map((root) => isShared(root)));
    if (shared.includes(true)) watcher.#poll();
    return watcher;
  }

  get polling(): boolean {
    return this.#poller !== undefined;
  }

  /** True as long as another build would show whether what was written among the sources is the build's own. */
  get isUnsure(): boolean {
    return this.#builds === 0 || (this.#builds === 1 && this.#suspects.size > 0);
  }

  look(): void {
    if (!this.#isLearning) this.#burst.look();
  }

  want(): void {
    this.#burst.want();
  }

  again(): void {
    this.#burst.want();
    this.#burst.sign();
  }

  follow(): void {
    // The folders hold it all.
  }

  /** While a build shows what it writes, nothing is taken for a save. */
  get #isLearning(): boolean {
    return this.#isBuilding && this.isUnsure;
  }

  /** A build begins. */
  building(): void {
    this.#isBuilding = true;
    this.#before = this.#look();
  }

  /** A build has ended by itself. */
  built(): void {
    // As this build left them, before anybody else is taken to have written them.
    for (const path of this.#generated.keys()) this.#generated.set(path, stampOf(path) ?? '');
    const wasUnsure = this.isUnsure;
    this.#isBuilding = false;
    this.#builds += 1;
    const now = this.#look();
    const changed = [...now].filter(([path, stamp]) => this.#before.get(path) !== stamp);
    if (this.#builds === 1) this.#suspects = new Set(changed.map(([path]) => path));
    if (this.#builds === 2)
      for (const [path, stamp] of changed) if (this.#suspects.has(path)) this.#generated.set(path, stamp);
    const others = this.#builds === 2 && changed.some(([path]) => !this.#suspects.has(path));
    if (wasUnsure && !others) this.#burst.accept();
    else if (wasUnsure)
      this.#burst.sign(); // Somebody saved meanwhile.
    else this.#burst.rebase(digestOf(now), digestOf(this.#look()));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#poller);
    this.#burst.close();
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  /** Watches the folders that are not watched yet; a file's folder stands for the file. */
  #watch(): void {
    if (this.#isClosed) return;
    const folders = this.#folders();
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, (_event, name) => this.#heard(folder, name));
        watcher.on('error', () => this.#poll());
        this.#watchers.set(folder, watcher);
      } catch {
        this.#poll(); // No inotify watch is left.
      }
    }
  }

  #heard(folder: string, name: string | null): void {
    if (this.#isClosed || this.#isLearning) return;
    if (name === null || this.#isSource(join(folder, name))) {
      this.#burst.sign();
      return;
    }
    // A folder may have come or gone; of other files, nothing is a save, not even where any save would be one.
    if (!/\.\w+$/.test(name) || name === basename(folder)) this.#watch();
    this.#burst.look();
  }

  #isSource(path: string): boolean {
    if (this.#roots.includes(path)) return true;
    if (!sources.test(basename(path)) || this.#except.has(path)) return false;
    return this.#generated.get(path) === undefined || this.#generated.get(path) !== stampOf(path);
  }

  #poll(): void {
    if (this.#poller !== undefined || this.#isClosed) return;
    this.#poller = setInterval(() => this.look(), pollMs);
  }

  #folders(): Set<string> {
    const found = new Set<string>();
    for (const root of this.#roots) {
      if (isFolder(root)) walk(root, (folder) => found.add(folder));
      else found.add(join(root, '..'));
    }
    return found;
  }

  /** Undefined while a file is empty that was emptied just now: who writes it is about to go on. */
  #digest(debounceMs: number): Digest | undefined {
    const files = this.#look();
    const isBegun = [...files.values()].some((stamp) => {
      const [size, time] = stamp.split(':').map(Number);
      return size === 0 && Date.now() - (time ?? 0) < debounceMs;
    });
    return isBegun ? undefined : digestOf(files);
  }

  /** The files with size and time. */
  #look(): Map<string, string> {
    const found = new Map<string, string>();
    const take = (path: string): void => {
      if (this.#except.has(path)) return;
      const stamp = stampOf(path);
      const written = this.#generated.get(path);
      if (written !== undefined && (this.#isBuilding || written === stamp)) return;
      this.#generated.delete(path);
      if (stamp !== undefined) found.set(path, stamp);
    };
    for (const root of this.#roots) {
      if (!isFolder(root)) take(root);
      else
        walk(root, (folder, entries) => {
          for (const entry of entries) if (sources.test(entry.name)) take(join(folder, entry.name));
        });
    }
    return found;
  }
}

function stampOf(path: string): string | undefined {
  const there = statSync(path, { throwIfNoEntry: false });
  return there?.isFile() === true ? `${there.size}:${there.mtimeMs}:${there.ino}` : undefined;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function walk(folder: string, visit: (folder: string, entries: readonly Dirent[]) => void): void {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return; // Gone meanwhile, or not ours to read.
  }
  visit(folder, entries);
  for (const entry of entries)
    if (entry.isDirectory() && !leftOut.test(entry.name)) walk(join(folder, entry.name), visit);
}

function digestOf(files: ReadonlyMap<string, string>): Digest {
  const hash = createHash('sha256');
  for (const [path, stamp] of [...files].sort()) hash.update(`${path}\0${stamp}\0`);
  return hash.digest('hex') as Digest;
}
