import { hostTriple, type Triple } from '../../artifact/image/triple.ts';
import type { Running } from '../e2e/running.ts';

/** A command and what stands behind it. */
export type Command = readonly [string, ...string[]];

/** What of ours runs on Node: the agent beside the program, the other two on the developer's side. */
export type Role = 'agent' | 'vais-remote' | 'vaisc';

/** A platform as the tests see it: how things are built for it, started on it and ended. */
export interface Machine {
  /** As the table in docs/platforms.md calls it. */
  readonly name: string;
  /** What its programs are built for. */
  readonly triple: Triple;
  /** Why nothing can be run on it here; undefined where it can. On a user's machine the tests are skipped, in CI they fail. */
  readonly missing?: string | undefined;
  /** How a file of ours is started. */
  node(role: Role, file: string): Command;
  /** How a program is started. */
  program(path: string): Command;
  /** What every process that is started gets on top of the test's own environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** More options of `vaisc build` and `vaisc build --hot`: `--target`, say. */
  readonly build?: readonly string[];
  /** True where `vais-remote` has no C compiler at hand: a push is then of a library that `vaisc` built. */
  readonly prebuilt?: boolean;
  /** Ends a process without a chance for it to say anything, children that would go on included. SIGKILL unless given. */
  kill?(running: Running): void;
  /** Makes what it needs, once, before anything is started. */
  open?(folder: string): Promise<void>;
  /** Takes away what `open` made, after everything that was started has ended. */
  close?(): Promise<void>;
}

/** The machine that the tests run on. */
export const thisMachine: Machine = {
  name: hostTriple() === 'aarch64-linux-gnu' ? 'Linux arm64' : 'Linux x86-64',
  triple: hostTriple(),
  node: (_role, file) => [process.execPath, file],
  program: (path) => [path],
};
