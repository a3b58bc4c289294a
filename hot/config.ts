import { resolve } from 'node:path';
import { VaisError } from '../common/error.ts';
import type { HotReloader } from './reloader.ts';
import type { HostOf } from './signature.ts';

/** A function of the program that hot functions may call. */
export interface HostFunctionEntry {
  readonly type: string;
  readonly call: (...args: never[]) => unknown;
}

interface Settings {
  readonly debounceMs: number;
  readonly args: readonly string[];
  readonly command: readonly string[] | undefined;
  readonly verbose: boolean;
  readonly functions: ReadonlyMap<string, HostFunctionEntry>;
  readonly modules: readonly HotReloader[];
}

/** What a reloader follows, and how. Immutable: each `with…` gives a new configuration. */
export class HotReloadConfig {
  /** As it was given. */
  readonly path: string;
  /** The same, absolute: what the current folder is later does not matter. */
  readonly file: string;
  readonly #settings: Settings;

  /**
   * @param path a Vais source
   * @param settings what the `with…` methods hand on
   */
  constructor(path: string, settings: Settings = defaults) {
    this.path = path;
    this.file = resolve(path);
    this.#settings = settings;
  }

  /**
   * How long after the last sign of a change a burst of saves is over, in milliseconds; 100 unless set. The first save
   * of a burst is compiled at once, and the last again; in between, what does not compile is not reported.
   */
  withDebounce(ms: number): HotReloadConfig {
    if (!Number.isFinite(ms) || ms < 0) throw usage(`a debounce of ${ms} ms`, 'Give milliseconds, 0 or more.');
    return this.#with({ debounceMs: ms });
  }

  /**
   * For the built-in compiler: `-O0` to `-O3`, `-g`, `--tier=fast`, `--tier=optimized`, and C files, objects, archives
   * and `-l` flags for the linker. For a configured command, whatever it takes.
   */
  withCompilerArgs(args: readonly string[]): HotReloadConfig {
    return this.#with({ args: [...args] });
  }

  /**
   * Compiles with a command instead of the built-in compiler. It is run without a shell as
   * `command build --hot FILE -o LIBRARY ARGS…`; an exit code other than 0 says that the source does not compile.
   */
  withCompiler(command: string | readonly string[]): HotReloadConfig {
    const words = typeof command === 'string' ? [command] : [...command];
    if (words[0] === undefined || words[0] === '') throw usage('an empty compiler command', 'Name a program.');
    return this.#with({ command: words });
  }

  /** Says on standard error what is compiled and loaded, and what is refused. */
  withVerbose(verbose: boolean): HotReloadConfig {
    return this.#with({ verbose });
  }

  /**
   * Lets hot functions call a function of this program, which the source declares as `@[extern "C"] F name(…)`.
   *
   * @param type its signature as a contract has it: `fn(i64, *GameState) -> i64`
   */
  withFunction<const Type extends string>(name: string, type: Type, call: HostOf<Type>): HotReloadConfig {
    const functions = new Map(this.#settings.functions);
    functions.set(name, { type, call: call as HostFunctionEntry['call'] });
    return this.#with({ functions });
  }

  /**
   * Names the reloader of a source that this one imports and that has hot functions of its own: their calls go to that
   * reloader's version, and globals are shared. It must run before this one starts.
   */
  withModule(reloader: HotReloader): HotReloadConfig {
    return this.#with({ modules: [...this.#settings.modules, reloader] });
  }

  get debounceMs(): number {
    return this.#settings.debounceMs;
  }

  get command(): readonly string[] | undefined {
    return this.#settings.command;
  }

  get args(): readonly string[] {
    return this.#settings.args;
  }

  get verbose(): boolean {
    return this.#settings.verbose;
  }

  get functions(): ReadonlyMap<string, HostFunctionEntry> {
    return this.#settings.functions;
  }

  get modules(): readonly HotReloader[] {
    return this.#settings.modules;
  }

  #with(change: Partial<Settings>): HotReloadConfig {
    return new HotReloadConfig(this.path, { ...this.#settings, ...change });
  }
}

const defaults: Settings = {
  debounceMs: 100,
  args: [],
  command: undefined,
  verbose: false,
  functions: new Map(),
  modules: [],
};

function usage(what: string, hint: string): VaisError {
  return new VaisError('usage', `${what} cannot be configured`, { hint });
}
