import koffi, { type TypeObject } from 'koffi';
import { findInProcess } from './foreign.ts';
import { Memory } from './memory.ts';

/** What the runtime's functions say and do in a Node program. */
export interface Runtime {
  version(): number;
  /** The text of the last error, or "". */
  error(): string;
  /** An image asks to be called when the next version runs; null takes that back. */
  onReload(callback: bigint | null): void;
}

/** `hot_api` in runtime/hot.h: the order of its functions. */
export const apiFunctions = [
  'init',
  'check',
  'reload',
  'version',
  'cleanup',
  'on_reload',
  'error',
  'line',
  'start',
  'loop',
  'state',
] as const;
const hotAbi = 1;

const number = koffi.proto('int64', []);
const text = koffi.proto('void *', []);
const takesAddress = koffi.proto('int64', ['void *']);

/**
 * The table of the runtime's functions, as images are handed it. Node does the following of sources and the guarding of
 * nothing, so `init`, `start`, `check`, `reload`, `cleanup` and `state` give 0: a hot function is on the stack whenever
 * one of them is called, and below a hot function no code is exchanged.
 */
export class Api {
  readonly #memory = Memory.make(8 + 8 * apiFunctions.length, 8);
  readonly #callbacks: bigint[] = [];
  readonly #functions: Readonly<Record<(typeof apiFunctions)[number], bigint>>;
  #text: Memory | undefined;
  #registerLine: bigint | undefined;

  constructor(runtime: Runtime) {
    const nothing = this.#register(() => 0, number);
    const line = lineCell() ?? this.#ownLine();
    this.#functions = {
      init: nothing,
      check: nothing,
      reload: nothing,
      version: this.#register(() => runtime.version(), number),
      cleanup: nothing,
      on_reload: this.#register((callback: bigint | null) => {
        runtime.onReload(callback);
        return 0;
      }, takesAddress),
      error: this.#register(() => this.#keepText(runtime.error()), text),
      line,
      start: nothing,
      loop: this.#register(loop, takesAddress),
      state: nothing,
    };
    const { view } = this.#memory;
    view.setUint32(0, hotAbi, true);
    view.setUint32(4, 8 + 8 * apiFunctions.length, true);
    for (const [index, name] of apiFunctions.entries()) view.setBigUint64(8 + 8 * index, this.#functions[name], true);
  }

  get address(): bigint {
    return this.#memory.address;
  }

  /** One of them by the name that sources use: `hot_state`. */
  find(name: string): bigint | undefined {
    const found = apiFunctions.find((one) => name === `hot_${one}`);
    return found === undefined ? undefined : this.#functions[found];
  }

  /** No image may be left that has the table. */
  close(): void {
    for (const callback of this.#callbacks.splice(0)) koffi.unregister(callback);
  }

  #register(callback: (...args: never[]) => unknown, type: TypeObject): bigint {
    const address = koffi.register(callback, koffi.pointer(type));
    this.#callbacks.push(address);
    return address;
  }

  /** Valid until the next call, as hot.h has it. */
  #keepText(content: string): bigint {
    const bytes = Buffer.from(`${content}\0`);
    this.#text = Memory.make(bytes.length, 8);
    this.#text.bytes(0, bytes.length).set(bytes);
    return this.#text.address;
  }

  #ownLine(): bigint {
    const cell = Memory.make(8, 8);
    this.#registerLine ??= this.#register(() => cell.address, text);
    return this.#registerLine;
  }
}

/** `hot_loop`: there is no safe point in it here, as a hot function is on the stack. */
function loop(update: bigint | null): number | bigint {
  for (;;) {
    const status = koffi.call(update, number) as number | bigint;
    if (BigInt(status) !== 0n) return status;
  }
}

/**
 * Each function of the fast tier asks for its thread's line cell, so asking must cost no way through JavaScript. C's
 * library has a function with just this form, that gives an int of this thread which nothing else here reads:
 * where `h_errno` is on Linux, `_doserrno` on Windows.
 */
function lineCell(): bigint | undefined {
  if (process.platform === 'darwin') return undefined;
  return findInProcess(process.platform === 'win32' ? '__doserrno' : '__h_errno_location');
}
