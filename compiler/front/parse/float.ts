/** A float as the source writes it: the nearest `f64`, and the nearest `f32`, which is not always that of the first. */
export function readFloat(text: string): { readonly value: number; readonly single: number } {
  const digits = text.replaceAll('_', '');
  const value = Number(digits);
  return { value, single: nearestSingle(digits, value) };
}

/**
 * The `f32` nearest to a decimal. Rounding its `f64` again goes wrong where that lies halfway between two of them and the
 * decimal does not.
 *
 * @param value the decimal's nearest `f64`
 */
function nearestSingle(decimal: string, value: number): number {
  const single = Math.fround(value);
  if (single === value || !Number.isFinite(single)) return single;
  const other = neighbour(single, value);
  // Both differences are exact, as two neighbours and their middle have few bits.
  if (Math.abs(single - value) !== Math.abs(other - value)) return single;
  const side = compareExactly(decimal, value);
  if (side === 0) return single;
  return side > 0 ? Math.max(single, other) : Math.min(single, other);
}

/** The next `f32` in the direction of a value; both are positive. */
function neighbour(single: number, value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, single);
  view.setInt32(0, view.getInt32(0) + (value > single ? 1 : -1));
  return view.getFloat32(0);
}

/** The sign of a decimal's difference from a positive, finite `f64`. */
function compareExactly(decimal: string, value: number): number {
  const [, whole = '', part = '', exponent = '0'] = /^(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(decimal) ?? [];
  const tens = BigInt(exponent) - BigInt(part.length);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const raw = bits >> 52n;
  const mantissa = (bits & ((1n << 52n) - 1n)) | (raw === 0n ? 0n : 1n << 52n);
  const twos = (raw === 0n ? 1n : raw) - 1075n;
  // decimal × 10^tens against mantissa × 2^twos, as whole numbers.
  const left = BigInt(whole + part) * 10n ** (tens > 0n ? tens : 0n) * 2n ** (twos < 0n ? -twos : 0n);
  const right = mantissa * 2n ** (twos > 0n ? twos : 0n) * 10n ** (tens < 0n ? -tens : 0n);
  return left < right ? -1 : left > right ? 1 : 0;
}
