import { describe, expect, it } from 'vitest';
import { readFloat } from '../../compiler/front/parse/float.ts';

/** The bits of an `f32`, so that the order of neighbours is that of whole numbers. */
function next(single: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, single);
  view.setInt32(0, view.getInt32(0) + 1);
  return view.getFloat32(0);
}

/** A positive `f64` in all its decimal digits. */
function exactly(value: number): string {
  let places = 0;
  let whole = value;
  for (; !Number.isInteger(whole); whole *= 2) places += 1;
  const digits = (BigInt(whole) * 5n ** BigInt(places)).toString().padStart(places + 1, '0');
  return `${digits.slice(0, digits.length - places)}.${digits.slice(digits.length - places)}`;
}

describe('a float that is to be an f32', () => {
  const singles = [1, 1.5, 16777216, 0.1, 3.4e38, 1.2e-38, 1e-42, 12345.678].map(Math.fround);
  it.each(singles)('is the nearest one, above %f', (low) => {
    const high = next(low);
    const middle = exactly((low + high) / 2);
    // A decimal a little beside the middle, which its nearest f64 is all the same.
    const above = `${middle}${'0'.repeat(60)}1`;
    const below = middle.replace(/([1-9])(0*)$/, (_, digit: string, zeros: string) => {
      return `${Number(digit) - 1}${'9'.repeat(zeros.length)}${'9'.repeat(60)}`;
    });
    expect(Math.fround(Number(above))).toBe(Math.fround(Number(below))); // By way of f64 both are the same.
    expect(readFloat(above).single).toBe(high);
    expect(readFloat(below).single).toBe(low);
    expect(readFloat(middle).single).toBe(Math.fround((low + high) / 2)); // The middle itself: to the even one.
    expect(readFloat(exactly(low))).toEqual({ value: low, single: low });
  });

  it('takes digits apart and exponents as they are written', () => {
    expect(readFloat('1_0.5e-1')).toEqual({ value: 1.05, single: Math.fround(1.05) });
    expect(readFloat('1e-400')).toEqual({ value: 0, single: 0 });
    expect(readFloat('1e39')).toEqual({ value: 1e39, single: Number.POSITIVE_INFINITY });
  });
});
