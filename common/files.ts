import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { VaisError } from './error.ts';
import { fileCause } from './machine.ts';

/**
 * Makes a folder that only this user can read (mode 0700), with the folders above it. One that is there stays as it is.
 *
 * @throws VaisError `storage` when it cannot be made
 */
export async function makePrivateFolder(path: string): Promise<void> {
  try {
    await makeFolder(resolve(path));
  } catch (thrown) {
    throw storageError(`cannot make the folder ${path}`, thrown);
  }
}

/** As `mkdir` with `recursive` does, which comes to no end where a file system has no folders to make, such as /proc. */
async function makeFolder(path: string): Promise<void> {
  const make = () =>
    mkdir(path, { mode: 0o700 }).catch(async (thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'EEXIST' || !(await stat(path)).isDirectory()) throw thrown;
    });
  try {
    await make();
  } catch (thrown) {
    const isThere = await stat(dirname(path)).then(
      () => true,
      () => false,
    );
    if (dirname(path) === path) throw thrown;
    // Where it is there, somebody else may have made it meanwhile.
    if (!isThere) await makeFolder(dirname(path));
    await make();
  }
}

/**
 * True when a folder belongs to this user (or root) and nobody else can write to it. On Windows, where a user's
 * folders are private by their place, always true.
 */
export async function isPrivateFolder(path: string): Promise<boolean> {
  if (process.getuid === undefined) return true;
  const found = await lstat(path).catch((thrown: unknown) => {
    throw storageError(`cannot look at ${path}`, thrown);
  });
  const ours = found.uid === process.getuid() || found.uid === 0;
  return found.isDirectory() && ours && (found.mode & 0o022) === 0;
}

/**
 * Replaces a file as a whole and returns when the new content is on the disk: whoever reads it sees the old or the new.
 *
 * @throws VaisError `storage` when it cannot be written; the old file stands then
 */
export async function replaceFile(path: string, content: string): Promise<void> {
  try {
    await writeFileAtomic(path, content, { mode: 0o600, fsync: true });
    await syncFolder(dirname(path));
  } catch (thrown) {
    throw storageError(`cannot write ${path}`, thrown);
  }
}

/**
 * Writes a file aside and renames it into place; not yet synced. Synchronous: for content of some hundred KiB this
 * takes less time than one turn of the thread pool, and a push waits for it.
 *
 * @throws VaisError `storage` when it cannot be written; what stood there stands then
 */
export function placeFile(path: string, content: string | Uint8Array): void {
  const aside = join(dirname(path), `.${randomBytes(6).toString('hex')}.tmp`);
  try {
    writeFileSync(aside, content, { flag: 'wx', mode: 0o600 });
    renameSync(aside, path);
  } catch (thrown) {
    try {
      rmSync(aside, { force: true });
    } catch {
      // Where nothing can be written, nothing is left to remove.
    }
    throw storageError(`cannot write ${path}`, thrown);
  }
}

/** The text of a file, or undefined when there is none. @throws VaisError `storage` when there is one that cannot be read */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw storageError(`cannot read ${path}`, thrown);
  }
}

/** Gives a file another name. @throws VaisError `storage` */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (thrown) {
    throw storageError(`cannot rename ${from}`, thrown);
  }
}

/** Returns when a file and its name are on the disk. @throws VaisError `storage` */
export async function syncFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'r+'); // Windows syncs only what is open for writing.
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(dirname(path));
  } catch (thrown) {
    throw storageError(`cannot sync ${path}`, thrown);
  }
}

/** Removes what a killed process left of `placeFile` and `replaceFile`. @throws VaisError `storage` */
export async function sweepTemporaries(folder: string): Promise<void> {
  try {
    for (const name of await readdir(folder)) {
      if (name.endsWith('.tmp') || /\.json\.\d+$/.test(name)) await rm(join(folder, name), { force: true });
    }
  } catch (thrown) {
    throw storageError(`cannot clean up ${folder}`, thrown);
  }
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return; // Folders cannot be opened there, and renames are journalled.
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** A failure of the file system, with what helps against its cause. */
export function storageError(what: string, thrown: unknown): VaisError {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  const hint = fileCause(thrown)?.hint;
  return new VaisError('storage', `${what}: ${why}`, { cause: thrown, ...(hint === undefined ? {} : { hint }) });
}
