import { dirname } from 'node:path/posix';
import { VaisError } from '../../common/error.ts';
import { topName } from './bundle-files.ts';
import { type Found, requireRunning } from './find.ts';
import { findAgent } from './inside.ts';
import { findPlaces } from './place.ts';
import { notesIn, takeOut } from './take-out.ts';
import { userOf } from './user.ts';

/**
 * Ends an agent that was attached, with the programs that it started, and removes it from its container: also one that a
 * restart of the container has ended. Programs that it found there go on, with the code that they have.
 *
 * @returns the folder that it had; undefined when there was none
 * @throws VaisError `usage` when the container has an agent of its own, `storage` when something is left
 */
export async function detach(found: Found): Promise<{ readonly top: string | undefined }> {
  requireRunning(found);
  const agent = await findAgent(found);
  if (agent?.attached === true) {
    const top = dirname(agent.data);
    if (!top.endsWith(`/${topName}`)) throw new VaisError('internal', `${agent.data} is in no folder of ours`);
    // Where the engine does not see the notes, as in a tmpfs, all is the container's user's.
    const notes = (await notesIn(found, top)) ?? { owner: await userOf(found), node: agent.command.slice(0, -1) };
    await takeOut(found, top, notes);
    return { top };
  }
  const left = await findLeft(found);
  if (left !== undefined) return { top: left };
  if (agent !== undefined)
    throw new VaisError('usage', `no agent was attached to ${found.name}`, {
      hint: 'Its agent is its own, and goes with the container.',
    });
  return { top: undefined };
}

/** Removes what an agent that runs no more has left. What stood in memory went with the restart. */
async function findLeft(found: Found): Promise<string | undefined> {
  const places = await findPlaces(found).catch(() => []);
  for (const { folder, by } of places) {
    const top = `${folder === '/' ? '' : folder}/${topName}`;
    const notes = by === 'archive' ? await notesIn(found, top) : undefined;
    if (notes === undefined) continue;
    await takeOut(found, top, notes);
    return top;
  }
  return undefined;
}
