import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { VaisError } from '../../common/error.ts';
import { type Bundle, makeBundle, tarOf, topName } from './bundle-files.ts';
import { explain } from './dial.ts';
import type { Command } from './exec-stream.ts';
import type { Found } from './find.ts';
import { findPlaces, type Place } from './place.ts';
import { findRunner, type Runner } from './platform.ts';
import { settleScript, unpackScript } from './scripts.ts';
import { takeOut } from './take-out.ts';
import { ownerOf, userOf } from './user.ts';

/** How long putting an agent there may take, in milliseconds. */
const putMs = 300_000;

/** An agent that stands in a container, ready to be started. */
export interface Installed {
  readonly runner: Runner;
  /** What starts it: Node and the program. */
  readonly command: readonly string[];
  /** The one folder with all of it. */
  readonly top: string;
  readonly data: string;
}

/**
 * Puts an agent into a container: under a random name, which becomes that of its version when all is there and has been seen
 * to run. What is there already is taken.
 *
 * @throws VaisError `wrong_platform`, `storage` where there is no place that it can be put in and run from, with what to add
 */
export async function install(found: Found): Promise<Installed> {
  const runner = await findRunner(found);
  const bundle = await makeBundle(runner);
  const places = await findPlaces(found);
  const failures: string[] = [];
  for (const place of places) {
    try {
      return { runner, ...(await installAt(found, bundle, place)) };
    } catch (thrown) {
      failures.push(`${place.folder}: ${VaisError.from(thrown).message}`);
    }
  }
  throw new VaisError('storage', `an agent cannot be put into ${found.name}:\n  ${failures.join('\n  ')}`, {
    hint: 'Start it with a volume that it can write to and run from: --mount type=volume,dst=/vais. See docs/docker.md.',
  });
}

async function installAt(found: Found, bundle: Bundle, place: Place): Promise<Omit<Installed, 'runner'>> {
  const { engine, details } = found;
  const top = posix.join(place.folder, topName);
  const root = `${top}/${bundle.version}`;
  const installed = { command: [...bundle.node(root), bundle.program(root)], top, data: `${top}/data` };
  if (place.by === 'archive' && (await engine.stat(details.Id, bundle.program(root))) !== undefined) return installed;
  const random = `new-${randomBytes(8).toString('hex')}`;
  const user = await userOf(found);
  const seen = place.by === 'archive';
  // Whoever owns the folder above can remove ours again, and nobody else may have to be able to.
  const owner = seen ? await ownerOf(found, place.folder) : user;
  const mtime = seen ? (await engine.stat(details.Id, place.folder))?.mtime : undefined;
  const notes = { owner, node: bundle.node(root), ...(mtime === undefined ? {} : { mtime }) };
  const tar = tarOf({ bundle, folder: random, owner, user, notes });
  if (seen) await engine.put(details.Id, place.folder, tar);
  else await unpack(found, place.folder, tar, bundle.node(root));
  const from = `${top}/${random}`;
  try {
    await runNode(found, {
      words: [...bundle.node(from), '-e', settleScript, from, root],
      user: `${owner.uid}:${owner.gid}`,
    });
  } catch (thrown) {
    // What could not be run cannot remove itself either, but where Node is the container's own.
    await takeOut(found, top, { ...notes, node: bundle.node(from) }).catch(() => undefined);
    throw thrown;
  }
  return installed;
}

/** Into a tmpfs, which the engine does not see: by what is there and can unpack. */
async function unpack(found: Found, folder: string, tar: Readable, node: string[]): Promise<void> {
  const ways = node[0] === 'node' ? [['node', '-e', unpackScript, folder]] : [['tar', '-x', '-f', '-', '-C', folder]];
  for (const words of ways) {
    const { code, stdout, stderr } = await found.engine.run(found.details.Id, { words }, putMs, tar);
    if (code === 0) return;
    throw new VaisError(
      'storage',
      `it is in memory, where only a command in the container can write, and ${words[0]} does not: ${explain(found, (stderr + stdout).trim())}`,
    );
  }
}

/** Runs a script by a Node in the container. @throws VaisError `storage` with what it said */
async function runNode(found: Found, command: Command): Promise<void> {
  const { code, stdout, stderr } = await found.engine.run(found.details.Id, command, putMs);
  if (code === 0) return;
  const said = explain(found, (stderr + stdout).trim());
  const why = /permission denied|operation not permitted/i.test(said)
    ? `code cannot be run from there (${said})`
    : said;
  throw new VaisError('storage', why);
}
