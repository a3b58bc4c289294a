import { rmSync } from 'node:fs';
import koffi, { type LibraryHandle } from 'koffi';
import type { Contract } from '../artifact/contract/contract.ts';
import { VaisError } from '../common/error.ts';

/** The structs of runtime/hot.h, and HOT_ABI there. */
const hotAbi = 1;
const HotImage = koffi.struct({
  abi: 'uint32',
  size: 'uint32',
  module: 'str',
  build_id: 'str',
  triple: 'str',
  contract: 'void *',
  contract_size: 'uint64',
  tier: 'uint32',
  function_count: 'uint32',
  functions: 'void *',
  global_count: 'uint32',
  foreign_count: 'uint32',
  globals: 'void *',
  foreigns: 'void *',
  api: 'void *',
});
const HotFunction = koffi.struct({ name: 'str', type: 'str', address: 'void *' });
const HotGlobal = koffi.struct({
  name: 'str',
  type: 'str',
  size: 'uint64',
  align: 'uint64',
  slot: 'void *',
  initial: 'void *',
});
const HotForeign = koffi.struct({ name: 'str', slot: 'void *' });

interface HotImageFields {
  readonly abi: number;
  readonly size: number;
  readonly module: string | null;
  readonly build_id: string | null;
  readonly function_count: number;
  readonly functions: bigint | null;
  readonly global_count: number;
  readonly foreign_count: number;
  readonly globals: bigint | null;
  readonly foreigns: bigint | null;
  readonly api: bigint | null;
}

interface ImageFunction {
  readonly name: string;
  readonly type: string;
  readonly address: bigint;
}

/** A global as an image wants it; sizes in bytes. */
export interface ImageGlobal {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly align: number;
  readonly slot: bigint;
  readonly initial: bigint | null;
}

interface ImageForeign {
  readonly name: string;
  readonly slot: bigint;
}

/** A library that is loaded, with what it says of itself. */
export class LoadedImage {
  readonly functions: ReadonlyMap<string, ImageFunction>;
  readonly globals: readonly ImageGlobal[];
  readonly foreigns: readonly ImageForeign[];
  readonly #api: bigint | null;
  readonly #library: LibraryHandle;
  readonly #path: string;

  private constructor(library: LibraryHandle, path: string, fields: HotImageFields) {
    this.#library = library;
    this.#path = path;
    this.#api = fields.api;
    const functions = table(fields.functions, HotFunction, fields.function_count) as ImageFunction[];
    this.functions = new Map(functions.map((one) => [one.name, one]));
    this.globals = table(fields.globals, HotGlobal, fields.global_count) as ImageGlobal[];
    this.foreigns = table(fields.foreigns, HotForeign, fields.foreign_count) as ImageForeign[];
  }

  /**
   * Loads a library. The path must be one that was never loaded before: the loader takes the same path, or the same
   * file, for the library that it has already.
   *
   * @param contract what the file states: the library that was loaded must be that build
   * @throws VaisError `load_refused`
   */
  static load(path: string, contract: Contract): LoadedImage {
    let library: LibraryHandle;
    try {
      library = koffi.load(path);
    } catch (thrown) {
      throw refused(loaderWords(thrown, path), thrown);
    }
    try {
      return new LoadedImage(library, path, readHead(library, contract));
    } catch (thrown) {
      library.unload();
      throw thrown;
    }
  }

  /** Gives the image the runtime's functions. */
  give(api: bigint): void {
    if (this.#api !== null) koffi.encode(this.#api, 'void *', api);
  }

  /** The address of a function that it exports, or that a library exports which it was linked with. */
  find(name: string): bigint | undefined {
    try {
      return koffi.address(this.#library.symbol(name));
    } catch {
      return undefined;
    }
  }

  /** Nothing of it may run from now on. */
  unload(): void {
    this.#library.unload();
    rmSync(this.#path, { force: true });
  }

  /** Removes the file; what is loaded stays. */
  forget(): void {
    // Windows holds on to the file of a library that is loaded; it goes with it.
    if (process.platform !== 'win32') rmSync(this.#path, { force: true });
  }
}

/** Writes an address where an image keeps it. */
export function writeSlot(slot: bigint, address: bigint): void {
  koffi.encode(slot, 'void *', address);
}

function readHead(library: LibraryHandle, contract: Contract): HotImageFields {
  let symbol: unknown;
  try {
    symbol = library.symbol('vais_hot_image');
  } catch (thrown) {
    throw refused('it does not export vais_hot_image', thrown);
  }
  const [abi, size] = koffi.decode(symbol, 'uint32', 2) as [number, number];
  if (abi !== hotAbi) throw refused(`it is for version ${abi} of the runtime's interface, and this is ${hotAbi}`);
  if (size < koffi.sizeof(HotImage)) throw refused(`its vais_hot_image has ${size} bytes, which is too few`);
  const fields = koffi.decode(symbol, HotImage) as HotImageFields;
  if (fields.module !== contract.module || fields.build_id !== contract.buildId) {
    throw refused(`what was loaded is the build ${fields.build_id} of ${fields.module}, not ${contract.buildId}`);
  }
  return fields;
}

function table(address: bigint | null, type: ReturnType<typeof koffi.struct>, count: number): unknown[] {
  return address === null || count === 0 ? [] : (koffi.decode(address, type, count) as unknown[]);
}

function loaderWords(thrown: unknown, path: string): string {
  const words = thrown instanceof Error ? thrown.message : String(thrown);
  return words.replace('Failed to load shared library: ', '').replaceAll(`${path}: `, '').replaceAll(path, 'it');
}

function refused(why: string, cause?: unknown): VaisError {
  return new VaisError('load_refused', `the library does not load: ${why}`, {
    cause,
    hint: /failed to map segment/.test(why)
      ? 'Code may not be run from the folder for temporary files: set TMPDIR to another one.'
      : 'The old code keeps running. Fix what is named above and save again.',
  });
}
