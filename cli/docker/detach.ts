import { dirname } from 'node:path/posix';
import { VaisError } from '../../common/error.ts';
import { type Notes, topName } from './bundle-files.ts';
import { explain } from './dial.ts';
import { type Found, requireRunning } from './find.ts';
import { findAgent } from './inside.ts';
import { endScript, removeScript } from './scripts.ts';
import { readLines, userOf } from './user.ts';

/** How long removing may take, in milliseconds. */
const removeMs = 60_000;

/**
 * Ends an agent that was attached, with the programs that it started, and removes it from its container. Programs that it
 * found there go on, with the code that they have.
 *
 * @throws VaisError `usage` when none was attached, `storage` when something is left
 */
export async function detach(found: Found): Promise<{ readonly top: string }> {
  requireRunning(found);
  const agent = await findAgent(found);
  if (agent?.attached !== true)
    throw new VaisError('usage', `no agent that was attached runs in ${found.name}`, {
      hint: agent === undefined ? 'There is none.' : 'Its agent is its own, and goes with the container.',
    });
  const top = dirname(agent.data);
  if (!top.endsWith(`/${topName}`)) throw new VaisError('internal', `${agent.data} is in no folder of ours`);
  const node = agent.command.slice(0, -1);
  const run = async (words: readonly string[], user?: string): Promise<void> => {
    const command = { words: [...node, '-e', ...words], ...(user === undefined ? {} : { user }) };
    const { code, stdout, stderr } = await found.engine.run(found.details.Id, command, removeMs);
    if (code === 0) return;
    throw new VaisError(
      'storage',
      `${top} could not be removed from ${found.name}: ${explain(found, stderr + stdout)}`,
      {
        hint: `What is left goes with the container: docker rm ${found.name}`,
      },
    );
  };
  await run([endScript, top, await linkOf(found)]);
  const owner = await ownerNoted(found, top);
  await run([removeScript, top], owner);
  return { top };
}

/** Whose the folder is, as `attach` noted it; undefined where the engine does not see it: then it is the container's user's. */
async function ownerNoted(found: Found, top: string): Promise<string | undefined> {
  const text = (await readLines(found, `${top}/notes.json`)).join('\n');
  if (text === '') return undefined;
  const { owner } = JSON.parse(text) as Notes;
  return `${owner.uid}:${owner.gid}`;
}

/** Where the agent was found by programs: docs/link.md. */
async function linkOf(found: Found): Promise<string> {
  const value = (name: string): string | undefined =>
    (found.details.Config.Env ?? []).find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
  const runtime = value('XDG_RUNTIME_DIR');
  const usual = runtime ? `${runtime}/vais-hot` : `/tmp/vais-hot-${(await userOf(found)).uid}`;
  return value('VAIS_HOT_LINK') || `${usual}/link.sock`;
}
