import { VaisError } from '../../common/error.ts';
import { detach } from './detach.ts';
import { explain } from './dial.ts';
import type { Command } from './exec-stream.ts';
import { type Found, requireRunning } from './find.ts';
import { findAgent, type InsideAgent } from './inside.ts';
import { type Installed, install } from './install.ts';

/** How long an agent may take to start, in milliseconds. */
const startMs = 60_000;
/** How long it is listened to what it says after it is ready, in milliseconds: why its link could not be made. */
const linkMs = 1_000;

/** How much of what it says is looked at, in characters. */
const maxSaid = 64 * 1024;

/** What `attach` was asked for. */
export interface AttachWish {
  /** `NAME`: a program that is to be found; `NAME=COMMAND`: one to start, and to start again when it dies. */
  readonly program?: string;
}

/** An agent that was attached. */
export interface Attached {
  readonly agent: InsideAgent;
  /** Missing where it was there already. */
  readonly installed?: Installed;
  /** What it complained about when it started. */
  readonly warnings: readonly string[];
}

/**
 * Sees to it that a container has an agent that was attached: puts it there where it is not, and starts it where it does not
 * run.
 *
 * @throws VaisError `usage` when the container has an agent of its own; `paused`, `unreachable`, `wrong_platform`, `storage`
 */
export async function attach(found: Found, { program }: AttachWish): Promise<Attached> {
  requireRunning(found);
  const there = await findAgent(found);
  if (there?.attached === true) return { agent: there, warnings: [] };
  if (there !== undefined)
    throw new VaisError('usage', `${found.name} has an agent of its own, in ${there.data}`, {
      hint: `Push to it: --to docker://${found.name}`,
    });
  const installed = await install(found);
  const link = linkOf(found);
  const words = [
    ...installed.command,
    'agent',
    '--data',
    installed.data,
    ...(link === undefined ? [] : ['--link', link]),
    ...(program?.includes('=') === true ? ['--run', program] : []),
    '--json',
  ];
  const warnings = await start(found, { words }).catch(async (thrown: unknown) => {
    await detach(found).catch(() => undefined); // What does not run is not left behind.
    throw thrown;
  });
  const agent = { command: installed.command, data: installed.data, attached: true };
  return { agent, installed, warnings };
}

/** Where the program of the container looks for an agent, when it was told. @throws VaisError when it was told not to */
function linkOf({ name, details }: Found): string | undefined {
  const set = (details.Config.Env ?? []).find((each) => each.startsWith('VAIS_HOT_LINK='));
  const link = set?.slice('VAIS_HOT_LINK='.length);
  if (link === '')
    throw new VaisError('usage', `the program of ${name} is told to look for no agent: VAIS_HOT_LINK is empty`, {
      hint: 'Start the container without that.',
    });
  return link;
}

/** Starts the agent and hears it say that it is ready; then it goes on by itself. Returns its first warnings. */
async function start(found: Found, command: Command): Promise<string[]> {
  const stream = await found.engine.stream(found.details.Id, command);
  const warnings: string[] = [];
  let said = '';
  let timer: NodeJS.Timeout | undefined;
  try {
    const ready = await new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), startMs);
      let isReady = false;
      stream.output.setEncoding('utf8').on('data', (text: string) => {
        if (said.length < maxSaid) said += text;
        const events = eventsOf(said);
        const messages = events.flatMap(({ event, message }) => (event === 'warning' ? [message ?? ''] : []));
        warnings.splice(0, warnings.length, ...messages);
        if (isReady || !events.some(({ event }) => event === 'ready')) return;
        isReady = true;
        clearTimeout(timer);
        timer = setTimeout(() => resolve(true), linkMs); // It goes on talking, as its programs do.
      });
      stream.output.once('end', () => resolve(false));
    });
    if (ready) return warnings;
    const error = eventsOf(said).find(({ event }) => event === 'error');
    const why = error?.message ?? explain(found, (stream.errors || said).trim().split('\n').slice(0, 3).join('\n'));
    throw new VaisError('unreachable', `the agent in ${found.name} does not start: ${why || 'it says nothing'}`, {
      hint: error?.hint ?? 'See docs/docker.md for what a container needs.',
    });
  } finally {
    clearTimeout(timer);
    stream.close();
  }
}

interface Said {
  readonly event: string;
  readonly message?: string;
  readonly hint?: string;
}

function eventsOf(text: string): Said[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Said];
    } catch {
      return []; // Not whole yet, or no JSON.
    }
  });
}
