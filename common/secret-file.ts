import { chmod, lstat, readFile } from 'node:fs/promises';
import { VaisError } from './error.ts';
import { makePrivateFolder, replaceFile } from './files.ts';

/** A larger file is none of ours. */
const maxBytes = 32 * 1024 * 1024;

/**
 * Reads a file that nobody but its owner may read or write: a key, or what decides who may do what. Undefined when it is not there.
 *
 * @throws VaisError `key_exposed` when others may read or write it, it is another user's, or it is no plain file;
 * `storage` when it cannot be read
 */
export async function readSecret(path: string): Promise<string | undefined> {
  const stat = await lstat(path).catch((thrown: unknown) => {
    if (isMissing(thrown)) return undefined;
    throw new VaisError('storage', `cannot read ${path}`, { cause: thrown });
  });
  if (stat === undefined) return undefined;
  if (!stat.isFile() || stat.size > maxBytes) throw new VaisError('key_exposed', `${path} is no file of ours`);
  if (process.getuid !== undefined) {
    if (stat.uid !== process.getuid())
      throw new VaisError('key_exposed', `${path} belongs to another user, so it is not used`);
    if ((stat.mode & 0o077) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
      throw new VaisError('key_exposed', `${path} has mode ${mode}: others can get at it, so it is not used`, {
        hint: `chmod 600 ${path}, and make a new key if somebody may have read it.`,
      });
    }
  }
  return readFile(path, 'utf8');
}

/** Replaces a file as a whole, readable by its owner only, and returns when it is on the disk. @throws VaisError `storage` */
export async function writeSecret(path: string, content: string): Promise<void> {
  await replaceFile(path, content);
}

/**
 * Makes a folder for keys, or holds the one that is there to mode 0700.
 *
 * @throws VaisError `key_exposed` when it is another user's, `storage`
 */
export async function openSecretFolder(path: string): Promise<void> {
  await makePrivateFolder(path);
  if (process.getuid === undefined) return;
  const stat = await lstat(path);
  if (!stat.isDirectory() || stat.uid !== process.getuid())
    throw new VaisError('key_exposed', `${path} is not a folder of this user, so no keys are kept there`);
  if ((stat.mode & 0o077) !== 0) await chmod(path, 0o700);
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}
