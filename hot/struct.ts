import type { Memory } from './memory.ts';
import type { FieldValue } from './signature.ts';

/** Where the struct is, and of what type: for this room alone. */
export const place = Symbol('vais.place');

interface Place {
  readonly memory: Memory;
  /** The offset in the memory, in bytes. */
  readonly at: number;
  readonly layout: { readonly name: string; readonly size: number };
}

/**
 * A struct in memory, as the contract lays it out: each field is a property. `i64` and `u64` are bigints, smaller
 * numbers are numbers, an array of numbers is a typed array over the same memory, a struct in a struct is one again.
 */
export interface Struct {
  readonly [place]: Place;
}

/** A struct whose fields the type checker does not know. */
export type OpenStruct = Struct & { [field: string]: FieldValue };

/** True for a struct that this room made. */
export function isStruct(value: unknown): value is Struct {
  return typeof value === 'object' && value !== null && place in value;
}

/** Where the struct is. Valid as long as the struct itself is held. */
export function addressOf(struct: Struct): bigint {
  const { memory, at } = struct[place];
  return at === 0 ? memory.address : memory.address + BigInt(at);
}

/** The struct's own bytes, not a copy of them: to save and restore a state as a whole. */
export function bytesOf(struct: Struct): Uint8Array {
  const { memory, at, layout } = struct[place];
  return memory.bytes(at, layout.size);
}

/** The name of the struct's type. */
export function typeOf(struct: Struct): string {
  return struct[place].layout.name;
}
