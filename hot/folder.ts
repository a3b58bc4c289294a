import { closeSync, lstatSync, openSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VaisError } from '../common/error.ts';
import { type Flock, systemFlock } from '../common/flock.ts';

const prefix = 'vais-node-';
/** A folder that is younger may be one that its owner is about to lock; milliseconds. */
const settledMs = 60_000;

/**
 * Where a reloader builds: a folder of its own among the temporary ones, locked as long as its process lives. What
 * processes left there that ended without `close()` is removed by the next one.
 */
export class BuildFolder {
  readonly path: string;
  /** Open, and locked; undefined where the system has no such locks. */
  readonly #lock: number | undefined;

  private constructor(path: string, lock: number | undefined) {
    this.path = path;
    this.#lock = lock;
  }

  /** @throws VaisError `storage` */
  static async make(): Promise<BuildFolder> {
    const path = await mkdtemp(join(tmpdir(), prefix)).catch((thrown: unknown) => {
      throw new VaisError('storage', `cannot make a folder in ${tmpdir()}`, {
        cause: thrown,
        hint: 'Libraries are built there: set TMPDIR to a folder that can be written and run code.',
      });
    });
    if (process.platform === 'win32') return new BuildFolder(path, undefined);
    const flock = await systemFlock();
    const lock = lockFolder(path, flock);
    await sweep(flock).catch(() => undefined); // The next one may.
    return new BuildFolder(path, lock);
  }

  /** Removes it with all that is in it. */
  async remove(): Promise<void> {
    // What was killed just now may still have written something.
    await rm(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    if (this.#lock !== undefined) closeSync(this.#lock);
  }
}

/** Undefined when somebody has it. */
function lockFolder(path: string, flock: Flock): number | undefined {
  const file = openSync(path, 'r');
  if (flock(file) === undefined) return file;
  closeSync(file);
  return undefined;
}

/** Removes the folders of this user's processes that are gone. */
async function sweep(flock: Flock): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const path = join(tmpdir(), name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() !== true || stat.uid !== process.geteuid?.()) continue;
    if (Date.now() - stat.mtimeMs < settledMs) continue;
    const lock = lockFolder(path, flock);
    if (lock === undefined) continue;
    await rm(path, { recursive: true, force: true });
    closeSync(lock);
  }
}
