import { type ChildProcess, spawn } from 'node:child_process';
import { hostTriple } from '../../artifact/image/triple.ts';
import { VaisError } from '../../common/error.ts';
import type { Change } from '../../common/watch/burst.ts';
import { SourceWatcher } from '../../common/watch/source-watcher.ts';
import { type CompileResult, compile } from '../compile.ts';
import { analyse } from '../front/front.ts';
import { searchPathOf } from '../front/package.ts';
import { outputOf } from './build.ts';
import { showDiagnostics, type Terminal } from './terminal.ts';

export interface WatchFlags {
  exec?: string;
  debounce: number;
  verbose?: boolean;
  optimize?: 0 | 1 | 2 | 3;
  debug?: boolean;
  output?: string;
}

/** A command that does not end within this time after being asked is ended, in milliseconds. */
const patience = 2000;

/**
 * `vaisc watch FILE`: builds the hot library at the start and at each save, which a running program takes up by
 * itself; a source without hot functions is built to a program. With `--exec` the command is started after each
 * build that worked, and one that still runs is ended first.
 */
export async function watchCommand(
  file: string,
  args: readonly string[],
  flags: WatchFlags,
  terminal: Terminal,
): Promise<number> {
  const command = new Restarted(flags.exec, args, terminal);
  const builder = new Builder(file, flags, terminal);
  // One build after the other; a build that fails for want of a C compiler ends the watch.
  let turn = Promise.resolve();
  let fail: (reason: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  const build = (change?: Change): Promise<void> => {
    turn = turn.then(async () => {
      const result = await builder.build(change);
      if (result === undefined) return;
      watcher.follow(result.sources);
      if (result.ok) await command.restart();
    });
    turn.catch(fail);
    return turn;
  };
  const watcher = await SourceWatcher.start(file, flags.debounce, (change) => void build(change));
  try {
    await build();
    terminal.warn(`watching ${file}; Ctrl-C ends it\n`);
    await Promise.race([failed, aborted(terminal.signal)]);
    return 0;
  } finally {
    await watcher.close();
    await turn.catch(() => undefined);
    await command.stop();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Builds one source again and again, and says how it went. */
class Builder {
  readonly #file: string;
  readonly #flags: WatchFlags;
  readonly #terminal: Terminal;
  #faulty = false;
  #built = '';

  constructor(file: string, flags: WatchFlags, terminal: Terminal) {
    this.#file = file;
    this.#flags = flags;
    this.#terminal = terminal;
  }

  /** Undefined when there is nothing new, or nothing that could be said yet. */
  async build(change: Change | undefined): Promise<CompileResult | undefined> {
    const { signal } = this.#terminal;
    try {
      const result = await this.#compile();
      if (!result.ok) {
        change?.unusable();
        // Half a file, saved by an editor that is not done: shown only if it stays so.
        void (change?.settled ?? Promise.resolve(true)).then((stands) => {
          if (stands && !signal.aborted) showDiagnostics(result.diagnostics, this.#terminal);
        });
        this.#faulty = true;
        this.#built = '';
        return result;
      }
      if (result.contract.buildId === this.#built) return undefined;
      this.#built = result.contract.buildId;
      this.#tell(result);
      return result;
    } catch (thrown) {
      if (signal.aborted) return undefined;
      const error = VaisError.from(thrown);
      if (error.code === 'toolchain_missing') throw error;
      this.#terminal.warn(`error: ${error.message}\n  help: ${error.hint}\n`);
      return undefined;
    }
  }

  #compile(): Promise<CompileResult> {
    const { debug, optimize } = this.#flags;
    const search = searchPathOf(this.#file);
    const front = analyse(this.#file, { search });
    const hot = !front.ok || front.program.functions.some((func) => func.hot && func.module === front.program.root);
    return compile({
      file: this.#file,
      kind: hot ? 'image' : 'program',
      output: this.#flags.output ?? outputOf(this.#file, hot, hostTriple()),
      search,
      debug: debug ?? false,
      signal: this.#terminal.signal,
      ...(optimize === undefined ? {} : { opt: optimize }),
    });
  }

  #tell(result: Extract<CompileResult, { ok: true }>): void {
    showDiagnostics(result.diagnostics, this.#terminal);
    const time = `${(result.ms.front + result.ms.back).toFixed(0)} ms`;
    this.#terminal.warn(`${this.#faulty ? 'mended: ' : ''}${result.output} built in ${time}\n`);
    if (this.#flags.verbose) {
      this.#terminal.warn(`  ${result.toolchain}, tier ${result.tier}, build ${result.contract.buildId}\n`);
    }
    this.#faulty = false;
  }
}

/** The command of `--exec`: at most one runs at a time. */
class Restarted {
  readonly #command: string | undefined;
  readonly #args: readonly string[];
  readonly #terminal: Terminal;
  #child: ChildProcess | undefined;

  constructor(command: string | undefined, args: readonly string[], terminal: Terminal) {
    this.#command = command;
    this.#args = args;
    this.#terminal = terminal;
  }

  async restart(): Promise<void> {
    if (this.#command === undefined) return;
    await this.stop();
    const child = spawn(this.#command, this.#args, { stdio: 'inherit' });
    this.#child = child;
    child.on('error', (error) => {
      if (child.pid === undefined && this.#child === child) this.#child = undefined;
      this.#terminal.warn(`error: \`${this.#command}\` cannot be run: ${error.message}\n`);
    });
    child.on('close', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#terminal.warn(`${this.#command} ended with ${signal ?? code}\n`);
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    this.#child = undefined;
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), patience);
    await closed;
    clearTimeout(force);
  }
}
