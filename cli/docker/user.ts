import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { VaisError } from '../../common/error.ts';
import type { Found } from './find.ts';

/** Whom a container runs as, by numbers. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** The user of a container: as its image says, or looked up in its /etc/passwd. @throws VaisError `unreachable` */
export async function userOf(found: Found): Promise<User> {
  const [user = '', group] = (found.details.Config.User ?? '').split(':');
  if (user === '') return { uid: 0, gid: 0 };
  if (/^\d+$/.test(user) && (group === undefined || /^\d+$/.test(group)))
    return { uid: Number(user), gid: Number(group ?? 0) };
  const entry = (await readLines(found, '/etc/passwd')).map((line) => line.split(':')).find(([name]) => name === user);
  const [, , uid, gid] = entry ?? [];
  if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  throw new VaisError('unreachable', `${found.name} runs as ${user}, whom its /etc/passwd does not know`, {
    hint: `Give the user by number: ${found.engine.command} run --user 1000:1000.`,
  });
}

/** The owner of a folder, as far as the engine sees it: not in a tmpfs. */
export async function ownerOf({ engine, details, name }: Found, folder: string): Promise<User> {
  const tar = await engine.get(details.Id, folder);
  if (tar === undefined) throw new VaisError('storage', `there is no ${folder} in ${name}`);
  const reader = extract();
  try {
    // Its own entry is the first; what is in it is not read.
    return await new Promise<User>((resolve, reject) => {
      reader.once('entry', ({ uid = 0, gid = 0 }) => resolve({ uid, gid }));
      reader.once('error', reject).once('finish', () => reject(new VaisError('storage', `${folder} cannot be read`)));
      tar.pipe(reader);
    });
  } finally {
    reader.destroy();
    if ('destroy' in tar && typeof tar.destroy === 'function') tar.destroy();
  }
}

/** The lines of a file; none where there is none. */
export async function readLines({ engine, details }: Found, path: string): Promise<string[]> {
  const tar = await engine.get(details.Id, path);
  if (tar === undefined) return [];
  const lines: string[] = [];
  const reader = extract();
  reader.on('entry', (_header, entry, next) => {
    text(entry).then((read) => {
      lines.push(...read.split('\n'));
      next();
    }, next);
  });
  await finished(tar.pipe(reader));
  return lines;
}
