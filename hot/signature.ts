/**
 * The types of a contract as TypeScript has them, read from their texts by the type checker itself: for
 * `fn(*GameState, f64) -> i64` it knows that the function takes an address and a number and gives a bigint.
 */
import type { NumberArray } from './scalar.ts';
import type { OpenStruct, Struct } from './struct.ts';

/** What stands for an address: of a struct that Node holds, of a buffer's bytes, or an address that native code gave. */
export type Pointer = Struct | ArrayBufferView | ArrayBuffer | bigint | null;

/** Anything that a hot function may be given. */
export type HotArgument = number | bigint | boolean | string | Pointer | readonly (number | bigint | boolean)[];

/** Anything that a hot function may give. */
export type HotResult = number | bigint | boolean | string | null | undefined | NumberArray | OpenStruct;

/** A hot function whose signature is checked when it is called. */
export type HotFunction = (...args: readonly HotArgument[]) => HotResult;

/** Anything that a field may hold. */
export type FieldValue = number | bigint | boolean | string | null | NumberArray | OpenStruct | readonly OpenStruct[];

/** Anything that a field or global may be given. */
export type FieldInput = FieldValue | Struct | readonly (number | bigint | boolean)[];

/** The fields of a struct that a program asks for, with their types: `{ frame: 'i64', at: { x: 'f64', y: 'f64' } }`. */
export interface Shape {
  readonly [field: string]: string | Shape;
}

/** A struct whose fields are known to the type checker. */
export type Shaped<S extends Shape> = Struct & {
  -readonly [Field in keyof S]: S[Field] extends string
    ? FieldOf<S[Field]>
    : S[Field] extends Shape
      ? Shaped<S[Field]>
      : never;
};

/** The callable for a signature: `CallableOf<'fn(*GameState, f64) -> i64'>`. */
export type CallableOf<Text extends string> = string extends Text
  ? HotFunction
  : Text extends `fn(${infer Params}) -> ${infer Result}`
    ? Callable<Params, ResultOf<Result>>
    : Text extends `fn(${infer Params})`
      ? Callable<Params, void>
      : never;

/** A function of the program that hot functions call: given what native code gives, gives what native code takes. */
export type HostOf<Text extends string> = string extends Text
  ? HostFunction
  : Text extends `fn(${string}${'(' | '<'}${string}`
    ? HostFunction
    : Text extends `fn(${infer Params}) -> ${infer Result}`
      ? (...args: ResultsOf<Params>) => ArgumentOf<Result>
      : Text extends `fn(${infer Params})`
        ? (...args: ResultsOf<Params>) => void
        : never;

type HostFunction = (...args: HotResult[]) => HotArgument | undefined;

type ResultsOf<Params extends string> = Params extends ''
  ? []
  : Params extends `${infer First}, ${infer Rest}`
    ? [ResultOf<First>, ...ResultsOf<Rest>]
    : [ResultOf<Params>];

/** Parameters that are functions or generic types hold commas of their own, so they are left to the check at the call. */
type Callable<Params extends string, Result> = Params extends `${string}${'(' | '<'}${string}`
  ? HotFunction
  : (...args: ArgumentsOf<Params>) => Result;

type ArgumentsOf<Params extends string> = Params extends ''
  ? []
  : Params extends `${infer First}, ${infer Rest}`
    ? [ArgumentOf<First>, ...ArgumentsOf<Rest>]
    : [ArgumentOf<Params>];

type SmallNumber = 'i8' | 'i16' | 'i32' | 'u8' | 'u16' | 'u32' | 'f32' | 'f64';

type ArgumentOf<Text extends string> = Text extends 'i64' | 'u64'
  ? bigint | number
  : Text extends SmallNumber
    ? number
    : Text extends 'bool'
      ? boolean
      : Text extends 'str'
        ? string | null
        : Text extends '*i8' | '*u8'
          ? Pointer | string
          : Text extends `*${string}`
            ? Pointer
            : Text extends `[${infer Element}; ${number}]`
              ? ArrayOf<Element> | readonly (number | bigint | boolean)[]
              : Text extends `[${infer Element}]`
                ? ArrayOf<Element>
                : HotArgument;

type ResultOf<Text extends string> = Text extends 'i64' | 'u64'
  ? bigint
  : Text extends SmallNumber
    ? number
    : Text extends 'bool'
      ? boolean
      : Text extends 'str'
        ? string | null
        : Text extends `*${string}`
          ? bigint | null
          : Text extends `[${infer Element}; ${number}]`
            ? ArrayOf<Element>
            : Text extends `[${infer Element}]`
              ? ArrayOf<Element>
              : HotResult;

type FieldOf<Text extends string> = Text extends 'i64' | 'u64'
  ? bigint
  : Text extends SmallNumber
    ? number
    : Text extends 'bool'
      ? boolean
      : Text extends 'str'
        ? string | null
        : Text extends `*${string}`
          ? bigint | Struct | null
          : Text extends `[${infer Element}; ${number}]`
            ? ArrayOf<Element>
            : FieldValue;

type ArrayOf<Element extends string> = Element extends keyof Arrays ? Arrays[Element] : NumberArray;

interface Arrays {
  i8: Int8Array;
  i16: Int16Array;
  i32: Int32Array;
  i64: BigInt64Array;
  u8: Uint8Array;
  u16: Uint16Array;
  u32: Uint32Array;
  u64: BigUint64Array;
  f32: Float32Array;
  f64: Float64Array;
}
