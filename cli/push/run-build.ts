import { type ChildProcess, spawn } from 'node:child_process';
import { VaisError } from '../../common/error.ts';
import type { Output } from '../show/output.ts';

/** How long what a build started may take to end after it was told to, in milliseconds. */
const patienceMs = 2_000;

/** How long the output of a build that has ended is waited for, in milliseconds. */
const drainMs = 300;

/** A command of the user's, and where it runs. */
export interface BuildCommand {
  /** A line for the shell, or words that need none. */
  readonly command: string | readonly [string, ...string[]];
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** How a build ended: `undefined` for a command that could not be started. */
export interface BuildEnd {
  readonly code: number | undefined;
  readonly signal?: NodeJS.Signals;
}

/**
 * Runs a build to its end. What it says is shown as it says it: on a terminal it writes there by itself, with its colors.
 * It has a process group of its own, so that the signal ends all that it started, and nothing of it is left when this
 * returns.
 *
 * @throws what the signal throws
 */
export async function runBuild(
  { command, folder, environment }: BuildCommand,
  about: string,
  output: Output,
  signal: AbortSignal,
): Promise<BuildEnd> {
  signal.throwIfAborted();
  output.flush(); // What stands on the terminal's last line.
  const direct = output.buildsTo;
  const [file = '', ...args] = typeof command === 'string' ? [command] : command;
  const child = spawn(file, args, {
    cwd: folder,
    env: direct === undefined ? colored(environment) : environment,
    shell: typeof command === 'string',
    stdio: direct === undefined ? ['ignore', 'pipe', 'pipe'] : ['ignore', direct, direct],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => output.show({ event: 'building', file: about, text }));
  const ended = endOf(child);
  const stop = (): void => void endGroup(child, ended);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const end = await ended;
    if (signal.aborted) await endGroup(child, ended);
    signal.throwIfAborted();
    return end;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function endOf(child: ChildProcess): Promise<BuildEnd> {
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'EACCES') resolve({ code: undefined });
      else reject(new VaisError('internal', `a build cannot be started: ${error.message}`, { cause: error }));
    });
    child.once('exit', (code, signal) => {
      const end = signal === null ? { code: code ?? 1 } : { code: 1, signal };
      // What is still in the pipes belongs to it; a daemon that it left behind may hold them for ever.
      const timer = setTimeout(() => resolve(end), drainMs);
      child.once('close', () => {
        clearTimeout(timer);
        resolve(end);
      });
    });
  });
}

/** Asks all processes of a build to end, and ends those that do not. */
async function endGroup(child: ChildProcess, ended: Promise<BuildEnd>): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  signalGroup(pid, 'SIGTERM');
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patienceMs);
  });
  await Promise.race([ended.catch(() => undefined), late]);
  clearTimeout(timer);
  signalGroup(pid, 'SIGKILL'); // What took no notice, or has lost its parent.
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', `${pid}`, '/t', '/f'], { stdio: 'ignore' }).on('error', () => undefined);
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // All of it has ended.
  }
}

/** Where it does not write to a terminal by itself, it is asked for colors in the words that tools know. */
function colored(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (environment['NO_COLOR'] !== undefined && environment['NO_COLOR'] !== '') return environment;
  return { CLICOLOR_FORCE: '1', FORCE_COLOR: '1', CARGO_TERM_COLOR: 'always', ...environment };
}
