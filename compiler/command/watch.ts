import { type ChildProcess, spawn } from 'node:child_process';
import { hostTriple } from '../../artifact/triple.ts';
import { VaisError } from '../../common/error.ts';
import { type CompileResult, compile } from '../compile.ts';
import { analyse } from '../front.ts';
import { searchPathOf } from '../package.ts';
import { watchSources } from '../watch.ts';
import { outputOf } from './build.ts';
import { showDiagnostics, type Terminal } from './terminal.ts';

export interface WatchFlags {
  exec?: string;
  debounce: number;
  verbose?: boolean;
  opt?: 0 | 1 | 2 | 3;
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
  const search = searchPathOf(file);
  const first = analyse(file, { search });
  const hot = !first.ok || first.program.functions.some((func) => func.hot && func.module === first.program.root);
  const output = flags.output ?? outputOf(file, hot, hostTriple());
  let shownFaults = false;

  const build = async (last: boolean): Promise<void> => {
    const result = await attempt();
    if (result === undefined) return;
    watching?.follow(result.sources);
    if (!result.ok) {
      // Half a file, saved by an editor that is not done: shown only if it stays so.
      if (last) {
        showDiagnostics(result.diagnostics, terminal);
        shownFaults = true;
      }
      return;
    }
    showDiagnostics(result.diagnostics, terminal);
    const time = `${(result.ms.front + result.ms.back).toFixed(0)} ms`;
    terminal.warn(`${shownFaults ? 'mended: ' : ''}${output} built in ${time}\n`);
    if (flags.verbose) terminal.warn(`  ${result.toolchain}, tier ${result.tier}, build ${result.contract.buildId}\n`);
    shownFaults = false;
    await command.restart();
  };
  let lastBuilt = '';
  const attempt = async (): Promise<CompileResult | undefined> => {
    try {
      const result = await compile({
        file,
        kind: hot ? 'image' : 'program',
        output,
        search,
        debug: flags.debug ?? false,
        signal: terminal.signal,
        ...(flags.opt === undefined ? {} : { opt: flags.opt }),
      });
      if (!result.ok) {
        lastBuilt = '';
        return result;
      }
      // The end of a burst brings nothing new when its beginning was built already.
      if (result.contract.buildId === lastBuilt) return undefined;
      lastBuilt = result.contract.buildId;
      return result;
    } catch (thrown) {
      if (terminal.signal.aborted) return undefined;
      const error = VaisError.from(thrown);
      if (error.code === 'toolchain_missing') throw error;
      terminal.warn(`error: ${error.message}\n  help: ${error.hint}\n`);
      return undefined;
    }
  };

  const watching = await watchSources({
    sources: first.sources,
    debounce: flags.debounce,
    signal: terminal.signal,
    onChange: build,
  });
  await build(true);
  terminal.warn(`watching ${file}; Ctrl-C ends it\n`);
  await watching.ended;
  await command.stop();
  return 0;
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
    child.on('error', (error) => this.#terminal.warn(`error: \`${this.#command}\` cannot be run: ${error.message}\n`));
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
