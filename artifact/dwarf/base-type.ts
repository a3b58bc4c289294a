import type { Die } from './die.ts';
import { At } from './numbers.ts';
import { nameOf } from './scope.ts';

const encodings: Readonly<Record<number, string>> = { 5: 'i', 6: 'i', 7: 'u', 8: 'u', 16: 'char' };

/**
 * A number type as contracts write it, by what it is and not by what it is called: `long` and `long long` are `i64` where
 * they are alike, and `int` and `unsigned` are not.
 */
export function baseTypeText(die: Die): string {
  const bits = (die.number(At.byteSize) ?? 0) * 8;
  const encoding = die.number(At.encoding) ?? 0;
  const name = nameOf(die) ?? '(unnamed)';
  const letter = encodings[encoding];
  if (letter !== undefined) return `${letter}${bits}`;
  switch (encoding) {
    case 2:
      return bits === 8 ? 'bool' : `bool${bits}`;
    case 3:
      return `complex${bits}`;
    case 4:
      // x87's 80 bits fill 16 bytes, as the 128 bits of IEEE do.
      return bits === 128 && name === 'long double' ? 'f80' : `f${bits}`;
    default:
      return bits === 0 ? name : `${name}:${bits}`;
  }
}
