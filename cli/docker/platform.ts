import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { VaisError } from '../../common/error.ts';
import type { Found } from './find.ts';

/** The oldest Node that an agent runs on. */
const oldest = [20, 19] as const;
/** How long Node may take to say its version, in milliseconds. */
const probeMs = 20_000;
/** Processors by Docker's names, and by Node's. */
const machines: Readonly<Record<string, string>> = { amd64: 'x64', arm64: 'arm64' };

/** How an agent is run in a container. */
export type Runner =
  /** By the Node that is there. */
  | { readonly kind: 'theirs'; readonly version: string }
  /** By this machine's Node, brought along with the libraries that it is linked to: paths here, the loader first. */
  | { readonly kind: 'ours'; readonly node: string; readonly libraries: readonly string[]; readonly why: string };

/**
 * Finds out what can run an agent in a container: its own Node where that is new enough, else this machine's.
 *
 * @throws VaisError `wrong_platform` when neither does, with what to add
 */
export async function findRunner(found: Found): Promise<Runner> {
  const { os, architecture } = await found.engine.platform(found.details.Image);
  const machine = machines[architecture] ?? architecture;
  if (os !== 'linux')
    throw new VaisError('wrong_platform', `${found.name} is a container for ${os}, and agents are attached to Linux`, {
      hint: 'Start the agent in the image: see docs/docker.md.',
    });
  const why = await probe(found);
  if (typeof why !== 'string') return why;
  const here = `${process.platform}-${process.arch}`;
  if (here !== `linux-${machine}`)
    throw new VaisError(
      'wrong_platform',
      `${found.name} is linux-${machine} and ${why}; this machine’s Node is for ${here} and does not run there`,
      { hint: `Put Node ${oldest.join('.')} or newer into the image, or attach from a linux-${machine} machine.` },
    );
  return { kind: 'ours', node: process.execPath, libraries: await ownLibraries(), why };
}

/** Runs their Node, and says how it is, or why it is of no use. */
async function probe(found: Found): Promise<Runner | string> {
  const words = ['node', '-p', 'process.version'];
  const { code, stdout, stderr } = await found.engine.run(found.details.Id, { words }, probeMs);
  const version = /^v(\d+)\.(\d+)\.\S+/.exec(stdout.trim());
  // A runtime that cannot start a command says so with these codes, as shells do.
  if (code === 126 || code === 127 || version === null)
    return code === 0 ? 'what it calls node is none' : missing(code, stdout + stderr);
  const [text, major, minor] = version;
  const isNew = Number(major) > oldest[0] || (Number(major) === oldest[0] && Number(minor) >= oldest[1]);
  return isNew ? { kind: 'theirs', version: text } : `its Node is ${text}, older than ${oldest.join('.')}`;
}

function missing(code: number, said: string): string {
  return /not found|no such file/i.test(said) || code === 127
    ? 'has no Node'
    : `its Node does not run: ${said.trim().split('\n')[0] ?? ''}`;
}

/** The libraries that this process is linked to, as it loaded them. */
async function ownLibraries(): Promise<string[]> {
  const report = process.report?.getReport() as { sharedObjects?: readonly string[] } | undefined;
  const loaded = (report?.sharedObjects ?? []).filter((path) => /\.so[.\d]*$/.test(path) && path.startsWith('/'));
  const isLoader = (path: string): boolean => /^ld[-.]/.test(basename(path));
  const libraries = [...loaded.filter(isLoader), ...loaded.filter((path) => !isLoader(path))];
  for (const path of libraries) await readFile(path);
  return libraries;
}
