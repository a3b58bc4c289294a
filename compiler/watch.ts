import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { watch as watchFiles } from 'chokidar';

export interface WatchOptions {
  /** The sources to begin with; `follow` changes them. */
  readonly sources: readonly string[];
  /** Milliseconds of quiet that end a burst of saves. */
  readonly debounce: number;
  readonly signal: AbortSignal;
  /**
   * Called with the sources changed: at the first event of a burst, and at its end if they changed again. `last` says
   * that the burst is over, so that what is found wrong will not mend itself in a moment. Calls do not overlap.
   */
  onChange(last: boolean): Promise<void>;
}

export interface Watching {
  /** Watches these sources from now on: imports come and go. */
  follow(sources: readonly string[]): void;
  /** Resolves when the signal has ended the watch. */
  readonly ended: Promise<void>;
}

/**
 * Follows sources by the folders they are in, so that an editor that saves by renaming, or deletes and writes anew,
 * is followed like any other. What counts is the content: an event that changed nothing is none.
 */
export async function watchSources(options: WatchOptions): Promise<Watching> {
  const { debounce, signal, onChange } = options;
  let sources = options.sources.map((path) => resolve(path));
  let seen = digest();
  let running: Promise<void> = Promise.resolve();
  let quiet: NodeJS.Timeout | undefined;
  let burst = false;

  function digest(): string {
    const hash = createHash('sha256');
    for (const path of sources) {
      hash.update(path);
      try {
        hash.update(readFileSync(path));
      } catch {
        // A source that is away for a moment is a save in the making; at the end of the burst it counts as changed.
        hash.update('\0missing');
      }
    }
    return hash.digest('hex');
  }

  function act(last: boolean): void {
    running = running.then(async () => {
      if (signal.aborted) return;
      const now = digest();
      if (now === seen && !(last && burst)) return;
      const changed = now !== seen;
      seen = now;
      burst = !last;
      if (changed || last) await onChange(last);
    });
  }

  const watcher = watchFiles(folders(), { ignoreInitial: true, depth: 0, atomic: false });
  await new Promise<void>((ready) => watcher.once('ready', ready));
  watcher.on('all', (_event, path) => {
    if (!sources.includes(resolve(path))) return;
    if (quiet === undefined) act(false);
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      quiet = undefined;
      act(true);
    }, debounce);
  });

  function folders(): string[] {
    return [...new Set(sources.map((path) => dirname(path)))];
  }

  const ended = new Promise<void>((resolveEnd) => {
    const end = (): void => {
      clearTimeout(quiet);
      void running.then(() => watcher.close()).then(resolveEnd);
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
  return {
    follow(next) {
      const before = folders();
      sources = next.map((path) => resolve(path));
      seen = digest();
      const after = folders();
      const gone = before.filter((folder) => !after.includes(folder));
      watcher.add(after.filter((folder) => !before.includes(folder)));
      if (gone.length > 0) watcher.unwatch(gone);
    },
    ended,
  };
}
