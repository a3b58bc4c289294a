/**
 * Read this first. `hot/` lets a Node program hold a hot module: it follows the source, builds it, and exchanges the
 * code below the callables that the program holds. It may import `common/`, `artifact/` and `compiler/`; it needs no
 * agent and no network. `follower.ts` watches and builds, `module.ts` loads, binds and swaps, `intake.ts` holds what
 * waits in between; `convert.ts` and `struct.ts` are how values cross.
 */
import { VaisError } from '../common/error.ts';
import type { HotReloadConfig } from './config.ts';
import { parseFlags } from './flags.ts';
import { LibraryFollower, type Made } from './follower.ts';
import { Intake } from './intake.ts';
import { HotModule } from './module.ts';
import type { CallableOf, FieldInput, FieldValue, HotFunction, Shape, Shaped } from './signature.ts';
import type { OpenStruct } from './struct.ts';

export type ReloadCallback = (path: string, version: number) => void;
export type ErrorCallback = (error: VaisError) => void;

type State = 'new' | 'starting' | 'running' | 'closed';

/**
 * Follows a Vais source and runs its hot functions in this process. New code is built and loaded aside and takes the
 * place of the old at `check()` or `reload()` and nowhere else, so all calls between two of them run one version.
 *
 * A crash in native code ends the process: nothing in a process can catch that for Node.
 */
export class HotReloader implements AsyncDisposable {
  readonly #config: HotReloadConfig;
  readonly #module: HotModule;
  readonly #intake: Intake;
  #state: State = 'new';
  #follower: LibraryFollower | undefined;
  #first: Made | undefined;
  #onReload: ReloadCallback | undefined;
  #onError: ErrorCallback | undefined;
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(config: HotReloadConfig) {
    this.#config = config;
    const others = config.modules.map((reloader) => reloader.#module);
    this.#module = new HotModule(config.functions, others, () => this.#intake.error?.message ?? '');
    this.#intake = new Intake(this.#module, (error) => this.#refused(error));
  }

  /**
   * Builds and loads version 1 and follows the source from then on. Keeps the process alive until `close()`.
   *
   * @throws SourceError, with the compiler's messages, when the source does not compile; VaisError when it cannot be
   *   built or loaded here. The reloader can be started again then.
   */
  async start(): Promise<void> {
    const { path, args, command } = this.#config;
    if (this.#state !== 'new') throw usage(`the reloader of ${path} was started already`);
    if (command === undefined) parseFlags(args); // What is wrong with them is said before anything is started.
    this.#state = 'starting';
    this.#starting = this.#start();
    await this.#starting;
  }

  async #start(): Promise<void> {
    try {
      const follower = await LibraryFollower.start(this.#config, (made) => this.#take(made));
      this.#follower = follower;
      if (!this.#is('closed')) await follower.make();
      if (this.#is('closed') || this.#first === undefined) throw usage('the reloader was closed before it had started');
      if (!this.#first.ok) throw this.#first.error;
      this.#module.swap(this.#module.prepare(this.#first.built));
      this.#say(`version 1 runs (${this.#first.built.how})`);
      this.#state = 'running';
    } catch (thrown) {
      await this.#follower?.close();
      this.#follower = undefined;
      this.#first = undefined;
      if (!this.#is('closed')) this.#state = 'new';
      throw thrown;
    }
  }

  /**
   * Takes new code up, where there is some. 1: new code runs from now on. 0: nothing new, or called below a hot
   * function, where no code is exchanged. -1: new code was refused, the old one goes on; said once, see `error`.
   *
   * The source is watched by Node's event loop: a program that never gives it a turn sees no change.
   */
  check(): -1 | 0 | 1 {
    this.#requireRunning();
    if (!this.#module.stack.empty) return 0;
    const taken = this.#intake.take();
    if (taken.status === 1) {
      this.#say(`version ${this.version} runs (${taken.built.how})`);
      this.#onReload?.(this.#config.path, this.version);
    }
    return taken.status;
  }

  /**
   * Builds the source as it is now, whether a change was seen or not, and takes it up at once. Gives what `check()` gives:
   * 0 when it is what runs already.
   */
  async reload(): Promise<-1 | 0 | 1> {
    const { follower, version } = { follower: this.#requireRunning(), version: this.version };
    await follower.make();
    if (this.#is('closed')) throw usage('the reloader was closed during the reload');
    const status = this.check();
    return status === 0 && this.version > version ? 1 : status;
  }

  /** 1 for the code that the reloader started with, then one more for each reload; 0 before. */
  get version(): number {
    return this.#module.version;
  }

  /** Why the newest code was refused; undefined while the newest code is what runs, or waits for `check()`. */
  get error(): VaisError | undefined {
    return this.#intake.error;
  }

  /**
   * A hot function as a callable, which always runs the current version. Values cross as the contract says: `i64` and
   * `u64` as bigints (whole numbers are taken too), smaller integers and floats as numbers, `bool` as a boolean, `str`
   * as a string, a pointer as a struct, a buffer, or an address as a bigint.
   *
   * @param type the signature that the program is written for: `fn(*GameState, f64) -> i64`. It makes the callable
   *   typed, and is compared with the contract.
   * @throws VaisError `contract_changed` when the source has another signature; `usage` when there is no such function,
   *   or when it takes or gives what does not cross by value: see docs/node.md
   */
  getFunction(name: string): HotFunction;
  getFunction<const Type extends string>(name: string, type: Type): CallableOf<Type>;
  getFunction(name: string, type?: string): HotFunction {
    this.#requireRunning();
    const slot = this.#module.slot(name);
    if (type === undefined || slot.type === type) return slot.call;
    throw new VaisError('contract_changed', `${name} is ${slot.type}, and not ${type}`, {
      hint: 'Ask for the signature that the source states.',
    });
  }

  /**
   * The address of a hot function that native code may keep, for parameters and fields of a type `fn(…)`: calls of it
   * run the current version too.
   *
   * @throws VaisError `usage` as `getFunction` does
   */
  getAddress(name: string): bigint {
    this.#requireRunning();
    return this.#module.address(name);
  }

  /**
   * A struct of the module's, all zero, which the program owns: pass it to hot functions, and read and write its
   * fields. Its memory goes when the object does, so hold it as long as native code may use it. From now on a source that
   * changes its layout is refused.
   *
   * @param shape the fields that the program is written for: `{ frame: 'i64', x: 'f64' }`
   * @throws VaisError `usage` when there is no such struct; `contract_changed` when it has not this shape
   */
  createStruct(name: string): OpenStruct;
  createStruct<const S extends Shape>(name: string, shape: S): Shaped<S>;
  createStruct(name: string, shape: Shape = {}): OpenStruct {
    this.#requireStruct(name, shape);
    return this.#module.layouts.make(name);
  }

  /**
   * A struct that native code owns, at an address that a hot function gave. Valid as long as its owner keeps it; a wrong
   * address ends the process.
   */
  viewStruct(name: string, address: bigint): OpenStruct;
  viewStruct<const S extends Shape>(name: string, address: bigint, shape: S): Shaped<S>;
  viewStruct(name: string, address: bigint, shape: Shape = {}): OpenStruct {
    this.#requireStruct(name, shape);
    return this.#module.layouts.at(name, address);
  }

  /** The value of a global now. Numbers are copied out; structs and arrays are the global itself. */
  getGlobal(name: string): FieldValue {
    this.#requireRunning();
    return this.#module.global(name).read();
  }

  /** @throws VaisError `usage` for a value that the global's type does not hold */
  setGlobal(name: string, value: FieldInput): void {
    this.#requireRunning();
    this.#module.global(name).write(value);
  }

  /** `callback` is called by `check()` and `reload()`, after the new code runs and before they return. */
  setReloadCallback(callback: ReloadCallback | undefined): void {
    this.#onReload = callback;
  }

  /** `callback` is called as soon as it is known that new code was refused; the old code runs then, and goes on. */
  setErrorCallback(callback: ErrorCallback | undefined): void {
    this.#onError = callback;
  }

  /**
   * Stops following the source, gives up what is being built, unloads the code and removes its files. Callables throw
   * from now on. Below a hot function the code stays until that has returned. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#state = 'closed';
    const unloaded = new Promise<void>((resolve) => {
      this.#module.stack.whenEmpty(() => {
        this.#intake.close();
        this.#module.close();
        resolve();
      });
    });
    await this.#follower?.close();
    await this.#starting?.catch(() => undefined); // Said to who started it.
    await unloaded;
  }

  /** What is made after the end lies in a folder that goes as a whole. */
  #take(made: Made): void {
    if (this.#state === 'starting') this.#first = made;
    else if (this.#state === 'running') this.#intake.put(made);
  }

  #refused(error: VaisError): void {
    this.#say(`${error.message}\n  help: ${error.hint}`);
    try {
      this.#onError?.(error);
    } catch (thrown) {
      // The program's own fault, to be met as any other that is thrown where nobody waits.
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }

  #say(text: string): void {
    if (this.#config.verbose) process.stderr.write(`vais-remote: ${this.#config.path}: ${text}\n`);
  }

  /** Asked anew after each wait, in which anything may have been called. */
  #is(state: State): boolean {
    return this.#state === state;
  }

  #requireStruct(name: string, shape: Shape): void {
    this.#requireRunning();
    this.#module.layouts.of(name).require(shape, this.#module.layouts);
  }

  #requireRunning(): LibraryFollower {
    if (this.#state === 'running' && this.#follower !== undefined) return this.#follower;
    throw usage(this.#state === 'closed' ? 'the reloader is closed' : 'the reloader has not been started');
  }
}

function usage(message: string): VaisError {
  return new VaisError('usage', message, { hint: 'Call start() once and wait for it; close() at the end.' });
}
