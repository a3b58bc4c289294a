/** The types of Vais, each interned, so that two are the same type exactly when they are the same object. */
import type { EnumItem, StructItem } from './ast.ts';
import type { Module } from './modules.ts';
import type { Span } from './source.ts';

interface Common {
  /** How Vais writes it, and how contracts compare it: `*GameState`. */
  readonly name: string;
}

export interface IntType extends Common {
  readonly kind: 'int';
  readonly bits: 8 | 16 | 32 | 64 | 128;
  readonly signed: boolean;
}
export interface FloatType extends Common {
  readonly kind: 'float';
  readonly bits: 32 | 64;
}
export interface BoolType extends Common {
  readonly kind: 'bool';
}
/** `str`: a NUL-terminated `*i8` whose `==` compares the text. */
export interface StrType extends Common {
  readonly kind: 'str';
}
export interface VoidType extends Common {
  readonly kind: 'void';
}
/** The type of what does not return: `R`, `B`, an endless loop. Fits everywhere. */
export interface NeverType extends Common {
  readonly kind: 'never';
}
/** Stands where an error was reported already; fits everywhere and is never reported again. */
export interface WrongType extends Common {
  readonly kind: 'wrong';
}
export interface PointerType extends Common {
  readonly kind: 'pointer';
  readonly to: Type;
}
export interface ArrayType extends Common {
  readonly kind: 'array';
  readonly element: Type;
  readonly length: number;
}
export interface SliceType extends Common {
  readonly kind: 'slice';
  readonly element: Type;
}
export interface RangeType extends Common {
  readonly kind: 'range';
  readonly element: IntType;
}
export interface FnType extends Common {
  readonly kind: 'fn';
  readonly params: readonly Type[];
  readonly result: Type;
}
export interface Field {
  readonly name: string;
  readonly type: Type;
  readonly span: Span;
}
export interface StructType extends Common {
  readonly kind: 'struct';
  readonly item: StructItem;
  readonly module: Module;
  readonly args: readonly Type[];
  /** Filled after the type is interned, as structs may point to each other. */
  fields: readonly Field[];
}
export interface Variant {
  readonly name: string;
  readonly tag: number;
  readonly form: 'plain' | 'tuple' | 'fields';
  readonly fields: readonly Field[];
  readonly span: Span;
}
export interface EnumType extends Common {
  readonly kind: 'enum';
  readonly item: EnumItem;
  readonly module: Module;
  readonly args: readonly Type[];
  variants: readonly Variant[];
}

export type Type =
  | IntType
  | FloatType
  | BoolType
  | StrType
  | VoidType
  | NeverType
  | WrongType
  | PointerType
  | ArrayType
  | SliceType
  | RangeType
  | FnType
  | StructType
  | EnumType;

function int(bits: IntType['bits'], signed: boolean): IntType {
  return { kind: 'int', bits, signed, name: `${signed ? 'i' : 'u'}${bits}` };
}

export const i8 = int(8, true);
export const i32 = int(32, true);
export const i64 = int(64, true);
export const u8 = int(8, false);
export const u32 = int(32, false);
export const u64 = int(64, false);
export const f32: FloatType = { kind: 'float', bits: 32, name: 'f32' };
export const f64: FloatType = { kind: 'float', bits: 64, name: 'f64' };
export const bool: BoolType = { kind: 'bool', name: 'bool' };
export const str: StrType = { kind: 'str', name: 'str' };
export const nothing: VoidType = { kind: 'void', name: '()' };
export const never: NeverType = { kind: 'never', name: 'never' };
export const wrong: WrongType = { kind: 'wrong', name: '?' };

export const primitives: ReadonlyMap<string, Type> = new Map<string, Type>(
  [i8, int(16, true), i32, i64, int(128, true), u8, int(16, false), u32, u64, int(128, false), f32, f64, bool, str].map(
    (type) => [type.name, type],
  ),
);

/** Makes the types that are built from others; one table for each compilation. */
export class TypeTable {
  readonly #pointers = new Map<Type, PointerType>();
  readonly #slices = new Map<Type, SliceType>();
  readonly #ranges = new Map<Type, RangeType>();
  readonly #arrays = new Map<Type, Map<number, ArrayType>>();
  readonly #functions = new Map<string, FnType[]>();

  pointer(to: Type): PointerType {
    return remember(this.#pointers, to, () => ({ kind: 'pointer', to, name: `*${to.name}` }));
  }

  slice(element: Type): SliceType {
    return remember(this.#slices, element, () => ({ kind: 'slice', element, name: `[${element.name}]` }));
  }

  range(element: IntType): RangeType {
    return remember(this.#ranges, element, () => ({ kind: 'range', element, name: `range of ${element.name}` }));
  }

  array(element: Type, length: number): ArrayType {
    const lengths = remember(this.#arrays, element, () => new Map<number, ArrayType>());
    const name = `[${element.name}; ${length}]`;
    return remember(lengths, length, () => ({ kind: 'array', element, length, name }));
  }

  fn(params: readonly Type[], result: Type): FnType {
    const name = signature(params, result);
    const same = remember(this.#functions, name, () => []);
    const found = same.find((fn) => fn.result === result && fn.params.every((param, index) => param === params[index]));
    if (found) return found;
    const made: FnType = { kind: 'fn', params, result, name };
    same.push(made);
    return made;
  }
}

/** The float of this width nearest to an integer. By way of an `f64` some would be rounded twice. */
export function nearestFloat(value: bigint, bits: FloatType['bits']): number {
  const size = value < 0n ? -value : value;
  const spare = bits === 32 ? size.toString(2).length - 24 : 0;
  if (spare <= 0) return Number(value);
  const unit = 1n << BigInt(spare);
  const rest = (size % unit) * 2n;
  const kept = size / unit + (rest > unit || (rest === unit && (size / unit) % 2n === 1n) ? 1n : 0n);
  return Math.fround(Number(kept * unit) * (value < 0n ? -1 : 1));
}

/** `fn(*GameState, f64) -> i64`; without a result nothing follows the parenthesis. */
export function signature(params: readonly Type[], result: Type): string {
  const tail = result.kind === 'void' ? '' : ` -> ${result.name}`;
  return `fn(${params.map((param) => param.name).join(', ')})${tail}`;
}

function remember<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

export const isInteger = (type: Type): type is IntType => type.kind === 'int';
export const isNumber = (type: Type): type is IntType | FloatType => type.kind === 'int' || type.kind === 'float';

/** The smallest and largest value of an integer type. */
export function limits(type: IntType): { low: bigint; high: bigint } {
  const bits = BigInt(type.bits);
  return type.signed
    ? { low: -(1n << (bits - 1n)), high: (1n << (bits - 1n)) - 1n }
    : { low: 0n, high: (1n << bits) - 1n };
}

/** The value as this type holds it: wrapped, as all arithmetic does. */
export function wrap(value: bigint, type: IntType): bigint {
  return type.signed ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value);
}
