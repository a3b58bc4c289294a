/**
 * `artifact/` knows what travels: images, contracts, manifests. It may import `common/` only.
 *
 * A contract is what an image promises. It stands inside the image, in its own section, as NUL-terminated JSON
 * records (docs/contract.md), so that it can be read without running anything and written by a C macro as well as by
 * the compiler.
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
  readonly type: string;
  /** The declaration for people: `F update_game(state: *GameState, dt: f64) -> i64`. */
  readonly text: string;
  readonly at?: Place;
}

/** One field of a struct; the offset in bytes. */
export interface ContractField {
  readonly name: string;
  readonly type: string;
  readonly offset: number;
  readonly at?: Place;
}

/** The layout of a struct; size and alignment in bytes. */
export interface ContractStruct {
  readonly name: string;
  readonly size: number;
  readonly align: number;
  /** True when non-hot code or a hot function's signature holds values of it, so that its layout may not change. */
  readonly held: boolean;
  readonly fields: readonly ContractField[];
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
  /** What built it, for people: `vaisc 0.1.0, tcc 0.9.27`. */
  readonly compiler: string;
  /** The source file's name, without a folder. */
  readonly source: string;
  readonly functions: readonly ContractFunction[];
  readonly structs: readonly ContractStruct[];
  readonly globals: readonly ContractGlobal[];
}
