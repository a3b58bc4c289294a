import { describe, expect, it } from 'vitest';
import { analyse } from '../../compiler/front/front.ts';

/** The messages of a match over this type, with these arms. */
function said(type: string, arms: string, before = ''): string[] {
  const text = `${before}\nF f(x: ${type}) -> i64 = M x { ${arms} }\n`;
  return analyse('match.vais', { text }).diagnostics.map((one) => one.message);
}

const leaves = (what: string): string[] => [`the match leaves out \`${what}\``];
const unreached = ['this arm is never reached'];
const shape = 'E Shape { Dot, Circle(i64), Pair(bool, bool) }';

describe('a match', () => {
  it.each([
    ['u8', '0..=255 => 1', []],
    ['u8', '0..128 => 1, 128..=255 => 2', []],
    ['u8', '0..128 => 1, 129..=255 => 2', leaves('128')],
    ['u8', '1..=255 => 1', leaves('0')],
    ['u8', '0..255 => 1', leaves('255')],
    ['i64', '0 => 1, 2 => 2', leaves('-9223372036854775808..=-1')],
    ['u8', '100..=200 => 1, 0..=100 => 2, 200..=255 => 3, 150 => 4', unreached],
    ['u8', '5 => 1, 3 => 2, 4 => 3, 3..=5 => 4, _ => 5', unreached],
    ['u8', '5 => 1, 3 => 2, 3..=5 => 4, _ => 5', []],
    ['i8', '-128..=-1 => 0, 0 | 1 | 2 => 1, 3..=127 => 2', []],
    ['bool', 'true => 1, false => 2', []],
    ['bool', 'true => 1', leaves('false')],
    ['bool', 'n I n => 1, false => 2', leaves('true')],
    ['str', '"a" => 1', leaves('_')],
    ['str', '"a" => 1, _ => 2', []],
    ['str', '_ => 1, "a" => 2', unreached],
    ['f64', '1.5 => 1, _ => 2', []],
    ['i64', '_ => 1, _ => 2', unreached],
  ])('over %s with %s', (type, arms, expected) => expect(said(type, arms)).toEqual(expected));

  it.each([
    ['Dot => 1, Circle(_) => 2, Pair(_, _) => 3', []],
    ['Dot => 1, Circle(_) => 2', leaves('Pair(_, _)')],
    ['Dot | Circle(_) => 1, Pair(true, _) => 2', leaves('Pair(false, _)')],
    ['Dot => 1, Circle(_) => 2, Pair(true, _) => 3, Pair(_, false) => 4', leaves('Pair(false, true)')],
    ['Dot => 1, Circle(_) => 2, Pair(true, _) => 3, Pair(_, false) => 4, Pair(false, true) => 5', []],
    ['Dot => 1, Circle(0) => 2, Circle(n) I n > 5 => 3, Pair(_, _) => 4', leaves('Circle(-9223372036854775808..=-1)')],
    ['Dot => 1, Circle(_) => 2, Circle(3) => 3, Pair(_, _) => 4', unreached],
  ])('over an enum with %s', (arms, expected) => expect(said('Shape', arms, shape)).toEqual(expected));

  it('of thousands of arms is checked in no time worth naming', () => {
    const arms = Array.from({ length: 3000 }, (_, index) => `${index} => ${index}`).join(', ');
    expect(said('i64', `${arms}, _ => 0`)).toEqual([]);
    const names = Array.from({ length: 600 }, (_, index) => `V${index}`);
    const plain = names.map((name) => `${name} => 1`).join(', ');
    expect(said('K', plain, `E K { ${names.join(', ')} }`)).toEqual([]);
    const deep = names
      .slice(0, 60)
      .flatMap((name) => [0, 1, 2, 3].flatMap((n) => [`${name}(${n}, _) => 1`, `${name}(_, ${n}) => 2`]));
    const enumeration = `E K { ${names
      .slice(0, 60)
      .map((name) => `${name}(i64, i64)`)
      .join(', ')} }`;
    expect(said('K', `${deep.join(', ')}, _ => 3`, enumeration)).toEqual([]);
  });
});
