import koffi from 'koffi';
import type { ContractFunction } from '../artifact/contract/contract.ts';
import type { Convention } from './convert.ts';
import { HotSlot, type Stack } from './function.ts';

interface Thunk {
  readonly slot: HotSlot;
  readonly address: bigint;
}

/** Addresses of hot functions that native code may keep: each calls through whichever version runs. */
export class Thunks {
  /** By name and type: a version that never ran may have had another function of that name. */
  readonly #made = new Map<string, Thunk>();
  readonly #stack: Stack;
  #shared = false;

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  get slots(): readonly HotSlot[] {
    return Array.from(this.#made.values(), ({ slot }) => slot);
  }

  /** The thunk of a function; a new one has no target yet. */
  of({ name, type }: ContractFunction, convention: Convention): Thunk {
    const known = this.#made.get(`${name}: ${type}`);
    if (known !== undefined) return known;
    const slot = new HotSlot(name, type, convention, this.#stack, true);
    const address = koffi.register((...args: unknown[]) => slot.callRaw(args), koffi.pointer(convention.raw));
    const made = { slot, address };
    this.#made.set(`${name}: ${type}`, made);
    return made;
  }

  has(address: bigint): boolean {
    return [...this.#made.values()].some((one) => one.address === address);
  }

  /** An address goes to somebody whose end nobody here sees. */
  share(): void {
    this.#shared = true;
  }

  /** Calls are refused from now on. Addresses that others may still have stay, so that theirs are refused as well. */
  close(): void {
    for (const { slot, address } of this.#made.values()) {
      slot.aim(undefined);
      if (!this.#shared) koffi.unregister(address);
    }
    if (!this.#shared) this.#made.clear();
  }
}
