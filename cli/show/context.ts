import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Output } from './output.ts';
import type { ErrorReport } from './report.ts';
import type { Style } from './style.ts';

/** What `main.ts` hands to each command: nothing else reaches the process's edges. */
export interface Context {
  readonly output: Output;
  /** Aborted by Ctrl-C, SIGTERM, or when nobody reads standard output any more. */
  readonly signal: AbortSignal;
  /** A line for people on standard error. */
  readonly say: (text: string) => void;
  /** A line of a result that is no report, on standard output. */
  readonly print: (text: string) => void;
  /** Empties the terminal, where standard output is one. */
  readonly clear: () => void;
  /** Hears each key that is pressed, until what it returns is called; undefined where nobody can press any. */
  readonly keys: (onKey: (key: string) => void) => (() => void) | undefined;
  /** A line that nobody shall see: asked for on a terminal, without echo, else the first of standard input. */
  readonly secret: (prompt: string) => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How standard output looks. */
  readonly style: Style;
}

/** Exit code of a command that was interrupted before its work was done, as shells count it. */
export const interruptedExit = 130;

/** Runs `work` with a temporary folder, which is gone afterwards, however it ended. */
export async function withFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'vais-remote-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The exit code of a command that ended with these errors: that of the first. */
export function exitOf(errors: readonly ErrorReport[]): number {
  return errors[0]?.exit ?? 0;
}
