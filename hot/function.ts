import koffi, { type TypeObject } from 'koffi';
import { VaisError } from '../common/error.ts';
import type { Convention } from './convert.ts';
import type { HotArgument, HotFunction, HotResult } from './signature.ts';

type Target = (...args: unknown[]) => unknown;

/** Counts the calls of hot functions that are on the stack, and does what waits for the last of them. */
export class Stack {
  #depth = 0;
  #whenEmpty: (() => void) | undefined;

  get empty(): boolean {
    return this.#depth === 0;
  }

  enter(): void {
    this.#depth += 1;
  }

  leave(): void {
    this.#depth -= 1;
    if (this.#depth === 0 && this.#whenEmpty !== undefined) this.#whenEmpty();
  }

  /** Calls once, now or when the last call has returned. */
  whenEmpty(callback: () => void): void {
    if (this.empty) callback();
    else {
      this.#whenEmpty = () => {
        this.#whenEmpty = undefined;
        callback();
      };
    }
  }
}

/** A hot function as Node programs hold it: the address behind it changes with the version, the callable does not. */
export class HotSlot {
  readonly name: string;
  readonly type: string;
  readonly call: HotFunction;
  readonly #convention: Convention;
  readonly #proto: TypeObject;
  readonly #places: readonly string[];
  readonly #stack: Stack;
  #target: Target | undefined;

  /** @param raw for `callRaw` alone, with the values as native code has them */
  constructor(name: string, type: string, convention: Convention, stack: Stack, raw = false) {
    this.name = name;
    this.type = type;
    this.#convention = convention;
    this.#proto = raw ? convention.raw : convention.proto;
    this.#places = convention.params.map((_, index) => `argument ${index + 1} of ${name}`);
    this.#stack = stack;
    this.call = (...args) => this.#call(args);
  }

  /** The function at an address, as the slot would call it. */
  prepare(address: bigint): Target {
    return koffi.decode(address, this.#proto) as Target;
  }

  /** Whether it calls anything: true from the first version that has the function, until the end. */
  get aimed(): boolean {
    return this.#target !== undefined;
  }

  /** Undefined: the code is gone, and a call is refused. */
  aim(target: Target | undefined): void {
    this.#target = target;
  }

  /** For callers that have the values in koffi's own forms: native code that calls through a thunk. */
  callRaw(args: readonly unknown[]): unknown {
    const target = this.#require();
    this.#stack.enter();
    try {
      return target(...args);
    } finally {
      this.#stack.leave();
    }
  }

  #call(args: readonly HotArgument[]): HotResult {
    const { params, result } = this.#convention;
    if (args.length !== params.length) {
      const count = args.length === 1 ? '1 argument' : `${args.length} arguments`;
      throw new VaisError('usage', `${this.name} was given ${count}`, { hint: `It is ${this.type}.` });
    }
    const given = params.map((param, index) => param.to(args[index], this.#places[index] ?? this.name));
    // Structs go in as bare addresses. As one argument more, which koffi does not look at, they are not collected
    // before the call is over.
    given.push(args);
    return result.from(this.callRaw(given));
  }

  #require(): Target {
    if (this.#target !== undefined) return this.#target;
    throw new VaisError('usage', `${this.name} was called after its reloader was closed`, {
      hint: 'Close the reloader when nothing calls hot functions any more.',
    });
  }
}
