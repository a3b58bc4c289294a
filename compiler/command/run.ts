import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostTriple } from '../../artifact/image/triple.ts';
import { VaisError } from '../../common/error.ts';
import { machineCause, noexec } from '../../common/machine.ts';
import { buildOne, outputOf } from './build.ts';
import type { BuildFlags } from './flags.ts';
import type { Terminal } from './terminal.ts';

/** `vaisc run FILE [-- ARG…]`: builds a program aside, runs it here, and ends as it ends. */
export async function runCommand(
  file: string,
  args: readonly string[],
  flags: BuildFlags,
  terminal: Terminal,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'vaisc-run-'));
  try {
    const output = join(folder, outputOf(file, false, hostTriple()));
    const exit = await buildOne(file, [], { ...flags, hot: false, output }, terminal);
    return exit === 0 ? await runToEnd(output, args, terminal.signal) : exit;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The exit code of a command that shares our terminal; 128 and the signal's number when one ended it. */
export function runToEnd(command: string, args: readonly string[], signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit' });
    const stop = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    child.on('error', (cause) => reject(cannotRun(command, cause)));
    child.on('close', (code, killed) => {
      signal.removeEventListener('abort', stop);
      resolve(code ?? 128 + (killed === null ? 0 : constants.signals[killed]));
    });
  });
}

/** Why a command that is there does not start. */
function cannotRun(command: string, cause: NodeJS.ErrnoException): VaisError {
  const message = `\`${command}\` cannot be run: ${cause.message}`;
  // It was made a moment ago, and by us: what may not be run is its folder.
  const machine = cause.code === 'EACCES' ? noexec : machineCause(cause);
  if (machine === undefined) return new VaisError('usage', message, { cause });
  return new VaisError('machine', message, { hint: machine.hint, cause });
}
