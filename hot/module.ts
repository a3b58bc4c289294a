import koffi from 'koffi';
import type { Contract, ContractFunction } from '../artifact/contract/contract.ts';
import { requireTransition } from '../artifact/contract/transition.ts';
import { VaisError } from '../common/error.ts';
import { Api } from './api.ts';
import type { BuiltLibrary } from './build.ts';
import type { HostFunctionEntry } from './config.ts';
import { conventionFor } from './convert.ts';
import { fieldFor } from './field.ts';
import { bindForeigns } from './foreign.ts';
import { HotSlot, Stack } from './function.ts';
import { type Global, Globals, type NewGlobals } from './globals.ts';
import { hostFunction } from './host.ts';
import { LoadedImage } from './image.ts';
import { Layouts } from './layout.ts';
import type { FieldInput, FieldValue } from './signature.ts';
import { Thunks } from './thunks.ts';

/** A version that is loaded and bound, and that nothing calls yet. */
export interface Prepared {
  readonly built: BuiltLibrary;
  readonly image: LoadedImage;
  readonly born: NewGlobals;
  readonly targets: ReadonlyMap<HotSlot, (...args: unknown[]) => unknown>;
}

/**
 * A hot module in this process: the image that runs, and what outlives images: globals, callables, addresses that were
 * handed to native code. A new image is prepared aside; on any error nothing of the old one has changed.
 */
export class HotModule {
  readonly stack = new Stack();
  readonly #globals = new Globals();
  readonly layouts = new Layouts((name) => this.#running?.built.contract.structs.find((one) => one.name === name));
  version = 0;
  readonly #host: ReadonlyMap<string, HostFunctionEntry>;
  readonly #others: readonly HotModule[];
  readonly #api: Api;
  readonly #slots = new Map<string, HotSlot>();
  readonly #thunks = new Thunks(this.stack);
  readonly #hostAddresses = new Map<string, bigint>();
  #running: Prepared | undefined;
  #onReload: bigint | null = null;

  /**
   * @param host functions of the program
   * @param others modules that this one imports hot functions and globals from
   * @param error the text of the last error
   */
  constructor(host: ReadonlyMap<string, HostFunctionEntry>, others: readonly HotModule[], error: () => string) {
    this.#host = host;
    this.#others = others;
    this.#api = new Api({
      version: () => this.version,
      error,
      onReload: (callback) => {
        this.#onReload = callback;
      },
    });
  }

  /** What the running version promises. */
  get contract(): Contract | undefined {
    return this.#running?.built.contract;
  }

  /** True for the very library that runs. */
  runs(built: BuiltLibrary): boolean {
    return this.#running?.built.digest === built.digest;
  }

  /** Loads and binds what was built, aside. @throws VaisError `contract_changed`, `load_refused` */
  prepare(built: BuiltLibrary): Prepared {
    const { contract } = built;
    if (this.#running !== undefined) requireTransition(this.#held(this.#running.built.contract), contract);
    const image = LoadedImage.load(built.path, contract);
    try {
      bindForeigns(image, (name) => this.#offer(name, contract));
      const born = this.#globals.bind(image, (name) => this.#importGlobal(name));
      image.give(this.#api.address);
      const targets = this.#aimAt(image, [...this.#slots.values(), ...this.#thunks.slots]);
      if (!built.debug) image.forget();
      return { built, image, born, targets };
    } catch (thrown) {
      image.unload();
      throw thrown;
    }
  }

  /**
   * From here on every call runs the new version. No call of the old one may be on the stack.
   *
   * @throws VaisError `contract_changed`, with nothing changed, when the program asked since `prepare` for a struct
   *   that this version lays out in another way
   */
  swap(next: Prepared): void {
    const old = this.#running;
    if (old !== undefined) requireTransition(this.#held(old.built.contract), next.built.contract);
    const since = [...this.#slots.values(), ...this.#thunks.slots].filter((slot) => !next.targets.has(slot));
    const targets = new Map([...next.targets, ...this.#aimAt(next.image, since)]);
    this.#globals.keep(next.born);
    this.#running = next;
    this.version += 1;
    for (const [slot, target] of targets) slot.aim(target);
    if (old === undefined) return;
    try {
      this.#tellImage();
    } finally {
      old.image.unload();
    }
  }

  /** @throws VaisError `usage` when there is no such function or it cannot be called from Node */
  slot(name: string): HotSlot {
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    const { func, contract } = this.#function(name);
    const slot = new HotSlot(name, func.type, this.#convention(func, contract), this.stack);
    this.#aimNow(slot);
    this.#slots.set(name, slot);
    return slot;
  }

  /** An address of a hot function that may be kept, and given away. @throws VaisError `usage` as `slot` does */
  address(name: string): bigint {
    const { func, contract } = this.#function(name);
    this.#thunks.share();
    return this.#thunk(func, contract);
  }

  /** @throws VaisError `usage` when there is no such global */
  global(name: string): { read(): FieldValue; write(value: FieldInput): void } {
    const memory = this.#globals.find(name)?.memory;
    const stated = this.contract?.globals.find((one) => one.name === name);
    if (memory === undefined || stated === undefined) {
      throw new VaisError('usage', `the module has no global ${name} that its hot functions use`, {
        hint: `It has ${this.contract?.globals.map((one) => one.name).join(', ') || 'none'}.`,
      });
    }
    const field = fieldFor(stated.type, this.layouts);
    return {
      read: () => field.read(memory, 0),
      write: (value) => field.write(memory, 0, value, name),
    };
  }

  /** Unloads the code. No call may be on the stack. */
  close(): void {
    for (const slot of this.#slots.values()) slot.aim(undefined);
    this.#running?.image.unload();
    this.#running = undefined;
    this.#thunks.close();
    for (const address of this.#hostAddresses.values()) koffi.unregister(address);
    this.#hostAddresses.clear();
    this.#api.close();
  }

  #function(name: string): { readonly func: ContractFunction; readonly contract: Contract } {
    const contract = this.contract;
    const func = contract?.functions.find((one) => one.name === name);
    if (contract !== undefined && func !== undefined) return { func, contract };
    throw new VaisError('usage', `the module has no hot function ${name}`, {
      hint: `It has ${contract?.functions.map((one) => one.name).join(', ') || 'none'}. Functions are hot by \`#[hot]\`.`,
    });
  }

  /** The contract, with every struct that the program holds marked as held. */
  #held(contract: Contract): Contract {
    const structs = contract.structs.map((one) => (this.layouts.has(one.name) ? { ...one, held: true } : one));
    return { ...contract, structs };
  }

  #convention({ name, type }: Pick<ContractFunction, 'name' | 'type'>, contract: Contract) {
    const find = (wanted: string) => contract.structs.find((one) => one.name === wanted);
    return conventionFor(type, name, find, this.layouts);
  }

  /** Functions that this program has for an image, by the name that the image asks for. */
  #offer(name: string, contract: Contract): bigint | undefined {
    const known = this.#hostAddresses.get(name) ?? this.#api.find(name);
    if (known !== undefined) return known;
    const entry = this.#host.get(name);
    if (entry !== undefined) {
      const address = hostFunction(name, entry, this.#convention({ name, type: entry.type }, contract));
      this.#hostAddresses.set(name, address);
      return address;
    }
    const own = contract.functions.find((one) => `${contract.module}.${one.name}` === name);
    if (own !== undefined) return this.#thunk(own, contract);
    for (const other of this.#others) {
      const prefix = `${other.contract?.module}.`;
      if (name.startsWith(prefix)) return other.address(name.slice(prefix.length));
    }
    return undefined;
  }

  /** The value of `util.score`, where another module has it. */
  #importGlobal(name: string): Global | undefined {
    for (const other of this.#others) {
      const prefix = `${other.contract?.module}.`;
      if (name.startsWith(prefix)) return other.#globals.find(name.slice(prefix.length));
    }
    return undefined;
  }

  #thunk(func: ContractFunction, contract: Contract): bigint {
    const { slot, address } = this.#thunks.of(func, this.#convention(func, contract));
    if (!slot.aimed) this.#aimNow(slot);
    return address;
  }

  #aimNow(slot: HotSlot): void {
    const target = this.#running === undefined ? undefined : this.#aimAt(this.#running.image, [slot]).get(slot);
    slot.aim(target);
  }

  /** What these call in an image. A thunk of a version that never ran may have nothing there. */
  #aimAt(image: LoadedImage, slots: readonly HotSlot[]): Map<HotSlot, (...args: unknown[]) => unknown> {
    const targets = new Map<HotSlot, (...args: unknown[]) => unknown>();
    for (const slot of slots) {
      const found = image.functions.get(slot.name);
      if (found?.type === slot.type) targets.set(slot, slot.prepare(found.address));
      else if (slot.aimed) {
        throw new VaisError(
          'load_refused',
          `the library has no ${slot.name} that is ${slot.type}, as its contract says`,
        );
      }
    }
    return targets;
  }

  /** What the old image asked for with `hot_on_reload`. A function of its own is gone after this; a hot one stays. */
  #tellImage(): void {
    const callback = this.#onReload;
    if (callback === null) return;
    if (!this.#thunks.has(callback)) this.#onReload = null;
    this.stack.enter();
    try {
      koffi.call(callback, onReload, this.version);
    } finally {
      this.stack.leave();
    }
  }
}

const onReload = koffi.proto('void', ['int64']);
