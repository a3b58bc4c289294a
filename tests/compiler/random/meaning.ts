/** What Vais means, said a second time and without a compiler: the oracle of the random programs. */

export interface IntTy {
  readonly kind: 'int';
  readonly name: string;
  readonly bits: number;
  readonly signed: boolean;
}
export interface FloatTy {
  readonly kind: 'float';
  readonly name: string;
  readonly bits: 32 | 64;
}
export interface BoolTy {
  readonly kind: 'bool';
  readonly name: 'bool';
}
export interface Part {
  readonly name: string;
  readonly ty: Ty;
}
export interface StructTy {
  readonly kind: 'struct';
  readonly name: string;
  readonly parts: readonly Part[];
}
export interface ArrayTy {
  readonly kind: 'array';
  readonly name: string;
  readonly of: Ty;
  readonly length: number;
}
export interface EnumTy {
  readonly kind: 'enum';
  readonly name: string;
  readonly variants: readonly { readonly name: string; readonly named: boolean; readonly parts: readonly Part[] }[];
}
export type Scalar = IntTy | FloatTy | BoolTy;
export type Ty = Scalar | StructTy | ArrayTy | EnumTy;

/** Structs and arrays are their parts; an enum's value is its variant's number, then that variant's parts. */
export type Value = bigint | number | boolean | Value[];

/** The program stops here with a signal. */
export class Trap extends Error {}

const int = (bits: number, signed: boolean): IntTy => ({
  kind: 'int',
  name: `${signed ? 'i' : 'u'}${bits}`,
  bits,
  signed,
});
export const i64 = int(64, true);
export const ints: readonly IntTy[] = [8, 16, 32, 64].flatMap((bits) => [int(bits, true), int(bits, false)]);
export const floats: readonly FloatTy[] = [
  { kind: 'float', name: 'f64', bits: 64 },
  { kind: 'float', name: 'f32', bits: 32 },
];
export const bool: BoolTy = { kind: 'bool', name: 'bool' };

/** Integers keep their low bits, whatever was computed. */
export function wrap(value: bigint, { bits, signed }: IntTy): bigint {
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

/** Values are copied wherever they go. */
export function copy(value: Value): Value {
  return Array.isArray(value) ? value.map(copy) : value;
}

export function arithmetic(op: string, ty: Scalar, a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') {
    const value = op === '+' ? a + b : op === '-' ? a - b : op === '*' ? a * b : a / b;
    return ty.kind === 'float' && ty.bits === 32 ? Math.fround(value) : value;
  }
  if (typeof a === 'boolean' && typeof b === 'boolean') return op === '&' ? a && b : op === '|' ? a || b : a !== b;
  if (typeof a !== 'bigint' || typeof b !== 'bigint' || ty.kind !== 'int') throw new Error(`no ${op} here`);
  switch (op) {
    case '+':
      return wrap(a + b, ty);
    case '-':
      return wrap(a - b, ty);
    case '*':
      return wrap(a * b, ty);
    case '/':
      if (b === 0n) throw new Trap();
      return wrap(a / b, ty);
    case '%':
      if (b === 0n) throw new Trap();
      return wrap(a % b, ty);
    case '&':
      return wrap(a & b, ty);
    case '|':
      return wrap(a | b, ty);
    case '^':
      return wrap(a ^ b, ty);
    case '<<':
      return wrap(a << (b & BigInt(ty.bits - 1)), ty);
    default:
      return a >> (b & BigInt(ty.bits - 1));
  }
}

export function compare(op: string, a: Value, b: Value): boolean {
  switch (op) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    default:
      return a >= b;
  }
}

/** `value as ty`. */
export function convert(value: Value, ty: Scalar): Value {
  if (ty.kind === 'bool') return typeof value === 'bigint' ? value !== 0n : value;
  if (ty.kind === 'float') {
    if (typeof value === 'bigint') return ty.bits === 32 ? nearestSingle(value) : Number(value);
    return ty.bits === 32 ? Math.fround(Number(value)) : Number(value);
  }
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'bigint') return wrap(value, ty);
  const low = ty.signed ? -(1n << BigInt(ty.bits - 1)) : 0n;
  const high = (1n << BigInt(ty.signed ? ty.bits - 1 : ty.bits)) - 1n;
  const number = Number(value);
  if (Number.isNaN(number)) return 0n;
  if (number >= Number(high)) return high;
  return number <= Number(low) ? low : BigInt(Math.trunc(number));
}

/** Rounded once: by way of a double some integers would be rounded twice. */
function nearestSingle(value: bigint): number {
  const size = value < 0n ? -value : value;
  const spare = size.toString(2).length - 24;
  if (spare <= 0) return Number(value);
  const unit = 1n << BigInt(spare);
  const rest = size % unit;
  let kept = size / unit;
  if (rest * 2n > unit || (rest * 2n === unit && kept % 2n === 1n)) kept += 1n;
  const single = Number(kept * unit);
  return value < 0n ? -single : single;
}

/** How the programs print a scalar: numbers in decimal, the bits of floats, as no two compilers name a NaN alike. */
export function shown(ty: Scalar, value: Value): string {
  if (ty.kind === 'bool') return `bool ${value === true ? 1 : 0}`;
  if (ty.kind === 'int') return `${ty.name} ${value}`;
  const number = Number(value);
  if (Number.isNaN(number)) return `${ty.name} nan`;
  const view = new DataView(new ArrayBuffer(8));
  if (ty.bits === 32) view.setFloat32(0, number);
  else view.setFloat64(0, number);
  return `${ty.name} ${(ty.bits === 32 ? BigInt(view.getUint32(0)) : view.getBigUint64(0)).toString(16)}`;
}

/** The functions that print a scalar and give it back, one for each type. What a trap would lose is written at once. */
export const printers = `${[
  ...ints.map(({ name, signed }) => printer(name, `printf("${name} %${signed ? 'd' : 'u'}\\n", x)`)),
  ...floats.map(({ name, bits }) =>
    printer(
      name,
      `I x != x { puts("${name} nan") } E {
        p := &x as *u${bits}
        printf("${name} %x\\n", *p)
    }`,
    ),
  ),
  printer('bool', 'printf("bool %d\\n", x)'),
].join('\n')}\n`;

function printer(name: string, print: string): string {
  return `F t_${name}(x: ${name}) -> ${name} {
    ${print}
    fflush(0)
    x
}`;
}
