import { VaisError } from '../common/error.ts';
import type { ScalarName } from './types.ts';

export type ScalarValue = number | bigint | boolean;

/** Typed arrays over an array of scalars. */
export type NumberArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** How a scalar crosses between JavaScript and memory. */
export interface Scalar {
  /** Bytes. */
  readonly size: number;
  /** The value as the type holds it. @throws VaisError `usage` for one that it cannot hold */
  readonly check: (value: unknown, where: string) => ScalarValue;
  /** What koffi gave, as the type's own JavaScript type. */
  readonly from: (value: number | bigint | boolean) => ScalarValue;
  readonly read: (view: DataView, at: number) => ScalarValue;
  /** `value` comes from `check`. */
  readonly write: (view: DataView, at: number, value: ScalarValue) => void;
  readonly array: (buffer: ArrayBuffer, at: number, length: number) => NumberArray;
}

const little = true;

export const scalars: Readonly<Record<ScalarName, Scalar>> = {
  i8: small(
    8,
    true,
    (view, at) => view.getInt8(at),
    (view, at, value) => view.setInt8(at, value),
    Int8Array,
  ),
  i16: small(
    16,
    true,
    (view, at) => view.getInt16(at, little),
    (view, at, value) => view.setInt16(at, value, little),
    Int16Array,
  ),
  i32: small(
    32,
    true,
    (view, at) => view.getInt32(at, little),
    (view, at, value) => view.setInt32(at, value, little),
    Int32Array,
  ),
  u8: small(
    8,
    false,
    (view, at) => view.getUint8(at),
    (view, at, value) => view.setUint8(at, value),
    Uint8Array,
  ),
  u16: small(
    16,
    false,
    (view, at) => view.getUint16(at, little),
    (view, at, value) => view.setUint16(at, value, little),
    Uint16Array,
  ),
  u32: small(
    32,
    false,
    (view, at) => view.getUint32(at, little),
    (view, at, value) => view.setUint32(at, value, little),
    Uint32Array,
  ),
  i64: large(
    'i64',
    -(2n ** 63n),
    2n ** 63n - 1n,
    (view, at) => view.getBigInt64(at, little),
    (view, at, value) => view.setBigInt64(at, value, little),
    BigInt64Array,
  ),
  u64: large(
    'u64',
    0n,
    2n ** 64n - 1n,
    (view, at) => view.getBigUint64(at, little),
    (view, at, value) => view.setBigUint64(at, value, little),
    BigUint64Array,
  ),
  f32: float(
    4,
    (view, at) => view.getFloat32(at, little),
    (view, at, value) => view.setFloat32(at, value, little),
    Float32Array,
  ),
  f64: float(
    8,
    (view, at) => view.getFloat64(at, little),
    (view, at, value) => view.setFloat64(at, value, little),
    Float64Array,
  ),
  bool: {
    size: 1,
    check: (value, where) => {
      if (typeof value === 'boolean') return value;
      throw unfit(value, 'bool', where, 'true or false');
    },
    from: Boolean,
    read: (view, at) => view.getUint8(at) !== 0,
    write: (view, at, value) => view.setUint8(at, value === true ? 1 : 0),
    array: (buffer, at, length) => new Uint8Array(buffer, at, length),
  },
};

type ArrayOf = new (buffer: ArrayBuffer, at: number, length: number) => NumberArray;

function small(
  bits: 8 | 16 | 32,
  signed: boolean,
  read: (view: DataView, at: number) => number,
  write: (view: DataView, at: number, value: number) => void,
  array: ArrayOf,
): Scalar {
  const name = `${signed ? 'i' : 'u'}${bits}`;
  const low = signed ? -(2 ** (bits - 1)) : 0;
  const high = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  return {
    size: bits / 8,
    check: (value, where) => {
      if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
      throw unfit(value, name, where, `a whole number from ${low} to ${high}`);
    },
    from: Number,
    read,
    write: (view, at, value) => write(view, at, Number(value)),
    array: (buffer, at, length) => new array(buffer, at, length),
  };
}

function large(
  name: string,
  low: bigint,
  high: bigint,
  read: (view: DataView, at: number) => bigint,
  write: (view: DataView, at: number, value: bigint) => void,
  array: ArrayOf,
): Scalar {
  return {
    size: 8,
    check: (value, where) => {
      // A number beyond 2^53 may already be another than was meant.
      const exact = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));
      if (exact && value >= low && value <= high) return value;
      throw unfit(value, name, where, 'a bigint in its range, or a whole number below 2^53');
    },
    from: BigInt,
    read,
    write: (view, at, value) => write(view, at, BigInt(value)),
    array: (buffer, at, length) => new array(buffer, at, length),
  };
}

function float(
  size: 4 | 8,
  read: (view: DataView, at: number) => number,
  write: (view: DataView, at: number, value: number) => void,
  array: ArrayOf,
): Scalar {
  return {
    size,
    check: (value, where) => {
      if (typeof value === 'number') return value;
      throw unfit(value, `f${size * 8}`, where, 'a number');
    },
    from: Number,
    read,
    write: (view, at, value) => write(view, at, Number(value)),
    array: (buffer, at, length) => new array(buffer, at, length),
  };
}

/** The error for a value that a type does not hold. `where` says whose value it is: `argument 2 of update`. */
export function unfit(value: unknown, type: string, where: string, wanted: string): VaisError {
  return new VaisError('usage', `${where} is ${type}, and was given ${show(value)}`, { hint: `Give ${wanted}.` });
}

function show(value: unknown): string {
  switch (typeof value) {
    case 'bigint':
      return `${value}n`;
    case 'string':
      return JSON.stringify(value.slice(0, 40));
    case 'object':
      return value === null ? 'null' : 'an object';
    case 'function':
      return 'a function';
    default:
      return String(value);
  }
}
