import { VaisError } from '../../common/error.ts';
import type { Notes } from './bundle-files.ts';
import { explain } from './dial.ts';
import type { Found } from './find.ts';
import { endScript, removeScript } from './scripts.ts';
import { readLines, userOf } from './user.ts';

/** How long removing may take, in milliseconds. */
const removeMs = 60_000;

/**
 * Ends the agent that runs from a top folder, if it runs, and removes the folder with all that it wrote.
 *
 * @throws VaisError `storage` when something is left
 */
export async function takeOut(found: Found, top: string, { node, owner }: Notes): Promise<void> {
  const run = async (words: readonly string[], user?: string): Promise<void> => {
    const command = { words: [...node, '-e', ...words], ...(user === undefined ? {} : { user }) };
    const { code, stdout, stderr } = await found.engine.run(found.details.Id, command, removeMs);
    if (code === 0) return;
    const said = explain(found, (stderr + stdout).trim());
    throw new VaisError('storage', `${top} could not be removed from ${found.name}: ${said}`, {
      hint: `What is left goes with the container: ${found.engine.command} rm ${found.name}`,
    });
  };
  await run([endScript, top, await linkOf(found)]);
  await run([removeScript, top], `${owner.uid}:${owner.gid}`);
}

/** What `attach` noted in a top folder; undefined where the engine sees none. */
export async function notesIn(found: Found, top: string): Promise<Notes | undefined> {
  const text = (await readLines(found, `${top}/notes.json`)).join('\n');
  return text === '' ? undefined : (JSON.parse(text) as Notes);
}

/** Where the agent was found by programs: docs/link.md. */
async function linkOf(found: Found): Promise<string> {
  const value = (name: string): string | undefined =>
    (found.details.Config.Env ?? []).find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
  const runtime = value('XDG_RUNTIME_DIR');
  const usual = runtime ? `${runtime}/vais-hot` : `/tmp/vais-hot-${(await userOf(found)).uid}`;
  return value('VAIS_HOT_LINK') || `${usual}/link.sock`;
}
