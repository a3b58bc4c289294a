import koffi from 'koffi';
import { requireCompatible } from '../artifact/compare.ts';
import type { Contract, ContractFunction } from '../artifact/contract.ts';
import { VaisError } from '../common/error.ts';
import { Api } from './api.ts';
import type { Built } from './build.ts';
import type { HostFunctionEntry } from './config.ts';
import { conventionFor } from './convert.ts';
import { fieldFor } from './field.ts';
import { bindForeigns } from './foreign.ts';
import { HotSlot, Stack } from './function.ts';
import { Globals, type NewGlobals } from './globals.ts';
import { hostFunction } from './host.ts';
import { LoadedImage } from './image.ts';
import { Layouts } from './layout.ts';
import type { FieldInput, FieldValue } from './signature.ts';

/** A version that is loaded and bound, and that nothing calls yet. */
export interface Prepared {
  readonly built: Built;
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
  readonly #api: Api;
  readonly #slots = new Map<string, HotSlot>();
  /** Functions of the module whose addresses native code holds, by `module.name`. */
  readonly #thunks = new Map<string, { readonly slot: HotSlot; readonly address: bigint }>();
  readonly #hostAddresses = new Map<string, bigint>();
  #running: Prepared | undefined;
  #onReload: bigint | null = null;

  constructor(host: ReadonlyMap<string, HostFunctionEntry>, error: () => string) {
    this.#host = host;
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
  runs(built: Built): boolean {
    return this.#running?.built.digest === built.digest;
  }

  /** Loads and binds what was built, aside. @throws VaisError `contract_changed`, `load_refused` */
  prepare(built: Built): Prepared {
    const { contract } = built;
    if (this.#running !== undefined) requireCompatible(this.#held(this.#running.built.contract), contract);
    const image = LoadedImage.load(built.path, contract);
    try {
      bindForeigns(image, (name) => this.#offer(name, contract));
      const born = this.#globals.bind(image);
      image.give(this.#api.address);
      const slots = [...this.#slots.values(), ...[...this.#thunks.values()].map(({ slot }) => slot)];
      const targets = new Map(slots.map((slot) => [slot, slot.prepare(addressIn(image, slot))]));
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
    if (old !== undefined) requireCompatible(this.#held(old.built.contract), next.built.contract);
    // Callables that were asked for since then.
    const late = [...this.#slots.values()].filter((slot) => !next.targets.has(slot));
    const targets = [
      ...next.targets,
      ...late.map((slot) => [slot, slot.prepare(addressIn(next.image, slot))] as const),
    ];
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
    const functions = this.contract?.functions ?? [];
    const found = functions.find((one) => one.name === name);
    if (found === undefined || this.#running === undefined) {
      throw new VaisError('usage', `the module has no hot function ${name}`, {
        hint: `It has ${functions.map((one) => one.name).join(', ') || 'none'}. Functions are hot by \`#[hot]\`.`,
      });
    }
    const slot = new HotSlot(name, found.type, this.#convention(found, this.#running.built.contract), this.stack);
    slot.aim(slot.prepare(addressIn(this.#running.image, slot)));
    this.#slots.set(name, slot);
    return slot;
  }

  /** @throws VaisError `usage` when there is no such global */
  global(name: string): { read(): FieldValue; write(value: FieldInput): void } {
    const memory = this.#globals.get(name);
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
    for (const { address } of this.#thunks.values()) koffi.unregister(address);
    for (const address of this.#hostAddresses.values()) koffi.unregister(address);
    this.#thunks.clear();
    this.#hostAddresses.clear();
    this.#api.close();
  }

  /** The contract, with every struct that the program holds marked as held. */
  #held(contract: Contract): Contract {
    const structs = contract.structs.map((one) => (this.layouts.has(one.name) ? { ...one, held: true } : one));
    return { ...contract, structs };
  }

  #convention({ name, type }: Pick<ContractFunction, 'name' | 'type'>, contract: Contract) {
    return conventionFor(type, name, (wanted) => contract.structs.find((one) => one.name === wanted));
  }

  /** Functions that this program has for an image, by the name that the image asks for. */
  #offer(name: string, contract: Contract): bigint | undefined {
    const known = this.#thunks.get(name)?.address ?? this.#hostAddresses.get(name) ?? this.#api.find(name);
    if (known !== undefined) return known;
    const entry = this.#host.get(name);
    if (entry !== undefined) {
      const address = hostFunction(name, entry, this.#convention({ name, type: entry.type }, contract));
      this.#hostAddresses.set(name, address);
      return address;
    }
    if (!name.startsWith(`${contract.module}.`)) return undefined;
    return this.#makeThunk(name, contract);
  }

  /** An address of a hot function that may be kept: it calls through whichever version runs. */
  #makeThunk(name: string, contract: Contract): bigint | undefined {
    const found = contract.functions.find((one) => `${contract.module}.${one.name}` === name);
    if (found === undefined) return undefined;
    const convention = this.#convention(found, contract);
    const slot = new HotSlot(found.name, found.type, convention, this.stack, true);
    const address = koffi.register((...args: unknown[]) => slot.callRaw(args), koffi.pointer(convention.raw));
    this.#thunks.set(name, { slot, address });
    return address;
  }

  /** What the old image asked for with `hot_on_reload`. A function of its own is gone after this; a hot one stays. */
  #tellImage(): void {
    const callback = this.#onReload;
    if (callback === null) return;
    const stays = [...this.#thunks.values()].some(({ address }) => address === callback);
    if (!stays) this.#onReload = null;
    this.stack.enter();
    try {
      koffi.call(callback, onReload, this.version);
    } finally {
      this.stack.leave();
    }
  }
}

const onReload = koffi.proto('void', ['int64']);

function addressIn(image: LoadedImage, { name, type }: HotSlot): bigint {
  const found = image.functions.get(name);
  if (found?.type === type) return found.address;
  throw new VaisError('load_refused', `the library's table has no ${name} that is ${type}, though its contract does`);
}
