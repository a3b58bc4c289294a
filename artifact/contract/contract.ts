/**
 * `artifact/` knows what travels: images, contracts, manifests. It may import `common/` only.
 *
 * A contract is what an image promises. vaisc writes it into the image, in a section of its own, as NUL-terminated JSON
 * records (docs/contract.md), so that it can be read without running anything; that of an image in another language is read
 * from its debug information (artifact/dwarf) and travels beside it in the same form.
 */

/** A place in a source file; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A hot function. `type` is the canonical form that is compared: `fn(*GameState, f64) -> i64`. */
export interface ContractFunction {
  readonly name: string;
  /** What the linker calls it, where that is something else: `_ZN4game4stepEPNS_5WorldE`. */
  readonly symbol?: string;
  readonly type: string;
  /** The declaration for people: `F update_game(state: *GameState, dt: f64) -> i64`. */
  readonly text: string;
  readonly at?: Place;
}

/** The type of a function of which only the name is known. */
export const unknownType = 'unknown';

/** One field of a struct; the offset in bytes. */
export interface ContractField {
  readonly name: string;
  readonly type: string;
  readonly offset: number;
  /** For a bit-field: its first bit, from the struct's first byte's lowest on, and how many it has. */
  readonly bits?: { readonly first: number; readonly count: number };
  /** For a variant: the tag's number that says that the value is of this one; `any other` for what has no number. */
  readonly when?: string;
  readonly at?: Place;
}

/** A virtual function: the place in the table that objects of the class point to. */
export interface ContractVirtual {
  readonly name: string;
  readonly type: string;
  readonly slot: number;
}

/** An enum; the size in bytes, the numbers in decimal, since they may need 64 bits. */
export interface ContractEnum {
  readonly name: string;
  readonly size: number;
  readonly values: readonly { readonly name: string; readonly value: string }[];
  readonly at?: Place;
}

/** The layout of a struct; size and alignment in bytes. */
export interface ContractStruct {
  readonly name: string;
  readonly size: number;
  readonly align: number;
  /** True when non-hot code or a hot function's signature holds values of it, so that its layout may not change. */
  readonly held: boolean;
  /** A C++ class that is not trivial is passed by reference where its value is an argument. */
  readonly passed?: 'reference';
  readonly fields: readonly ContractField[];
  readonly virtuals?: readonly ContractVirtual[];
  readonly at?: Place;
}

/** A global of the module; the size in bytes. */
export interface ContractGlobal {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly at?: Place;
}

/** What an image promises. */
export interface Contract {
  /** Version of the record format: 1. */
  readonly format: 1;
  readonly module: string;
  readonly triple: string;
  /** 32 hex digits that name this build; the program reads them back from the image that it loaded. */
  readonly buildId: string;
  readonly tier: 'fast' | 'optimized';
  /**
   * Where the contract comes from: `stated` by the image in its own section, read from its `debug` information, or
   * `unchecked`: the image tells nothing, and nothing but the names of its functions is compared.
   */
  readonly origin: 'stated' | 'debug' | 'unchecked';
  /** What built it, for people: `vaisc 0.1.0, tcc 0.9.27`. */
  readonly compiler: string;
  /** The source file's name, without a folder. */
  readonly source: string;
  readonly functions: readonly ContractFunction[];
  readonly structs: readonly ContractStruct[];
  readonly enums: readonly ContractEnum[];
  readonly globals: readonly ContractGlobal[];
}
