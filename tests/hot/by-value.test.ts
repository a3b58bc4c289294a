import { describe, expect, expectTypeOf, it } from 'vitest';
import { addressOf, type CallableOf, type HotReloader, type OpenStruct } from '../../hot/index.ts';
import { configure, makeSource, startReloader } from './harness.ts';

const text = `
S Vec2 { x: f64, y: f64 }
S Small { x: f32, y: f32 }
S Mixed { id: i64, weight: f64 }
S Odd { a: u8, b: i16, c: [u8; 5] }
S Big { id: i64, cells: [f32; 3], at: Vec2, flag: bool, next: *Vec2, name: str, part: [i64] }
S Wide { a: i128 }
E Shape { Circle(f64), Nothing }

@[extern "C"]
F turned(vec: Vec2, by: f64) -> Vec2

#[hot]
F flip(vec: Vec2) -> Vec2 { Vec2 { x: vec.y, y: vec.x } }
#[hot]
F scale(small: Small, by: f32) -> Small { Small { x: small.x * by, y: small.y * by } }
#[hot]
F heavier(mixed: Mixed, by: f64) -> Mixed { Mixed { id: mixed.id + 1, weight: mixed.weight + by } }
#[hot]
F odd(it: Odd) -> Odd { Odd { a: it.a + 1, b: it.b - 1, c: it.c } }
#[hot]
F big(it: Big, last: i64) -> Big {
    copy := it
    copy.id = it.id + last
    copy.cells[1] = 7.5
    copy.at.y = it.next.x
    copy.name = "big"
    copy
}
#[hot]
F sum(numbers: [f64]) -> f64 { s := 0.0
 L n: numbers { s = s + n }
 s }
#[hot]
F count(bytes: [u8]) -> i64 { bytes.len() as i64 }
#[hot]
F double(numbers: [i32; 3]) -> [i32; 3] { [numbers[0] * 2, numbers[1] * 2, numbers[2] * 2] }
#[hot]
F tail(numbers: [i64]) -> [i64] { numbers[1..numbers.len()] }
#[hot]
F asks(vec: Vec2) -> f64 { t := turned(vec, 2.0)
 t.x * 10.0 + t.y }
#[hot]
F wide(it: Wide) -> i64 { 0 }
#[hot]
F shape(it: Shape) -> i64 { 0 }
F main() -> i64 { 0 }
`;

async function start(...args: string[]): Promise<HotReloader> {
  const config = configure(makeSource(text))
    .withCompilerArgs(args)
    .withFunction('turned', 'fn(Vec2, f64) -> Vec2', (vec, by) => {
      const { x, y } = vec as unknown as { x: number; y: number };
      const result = made.createStruct('Vec2', { x: 'f64', y: 'f64' });
      result.x = y * Number(by);
      result.y = x * Number(by);
      return result;
    });
  const made = await startReloader(config);
  return made;
}

function filled(reloader: HotReloader, name: string, fields: Record<string, unknown>): OpenStruct {
  return Object.assign(reloader.createStruct(name), fields);
}

describe.each([['--tier=fast'], ['-O2']])('by value, built with %s', (flag) => {
  it('structs go in and come out, each size and kind in its own registers', async () => {
    const reloader = await start(flag);
    const vec = filled(reloader, 'Vec2', { x: 1.5, y: -2.5 });
    const flipped = reloader.getFunction('flip')(vec);
    expect(flipped).toMatchObject({ x: -2.5, y: 1.5 });
    expect(vec).toMatchObject({ x: 1.5, y: -2.5 }); // A copy went in.
    expect(reloader.getFunction('flip')(flipped as OpenStruct)).toMatchObject({ x: 1.5, y: -2.5 });
    expect(reloader.getFunction('scale')(filled(reloader, 'Small', { x: 2, y: 3 }), 0.5)).toMatchObject({
      x: 1,
      y: 1.5,
    });
    const mixed = filled(reloader, 'Mixed', { id: 2n ** 62n, weight: 0.25 });
    expect(reloader.getFunction('heavier')(mixed, 1)).toMatchObject({ id: 2n ** 62n + 1n, weight: 1.25 });
    const odd = reloader.getFunction('odd')(filled(reloader, 'Odd', { a: 254, b: -7, c: [1, 2, 3, 4, 5] }));
    expect(odd).toMatchObject({ a: 255, b: -8, c: Uint8Array.of(1, 2, 3, 4, 5) });
  });

  it('and so do those that hold arrays, structs, addresses and text', async () => {
    const reloader = await start(flag);
    const next = filled(reloader, 'Vec2', { x: 8, y: 0.5 });
    const it = filled(reloader, 'Big', { id: 1n, cells: [1, 2, 3], at: next, flag: true, next });
    const copy = reloader.getFunction('big')(it, 41) as OpenStruct;
    expect(copy).toMatchObject({ id: 42n, cells: Float32Array.of(1, 7.5, 3), flag: true, name: 'big' });
    expect(copy['at']).toMatchObject({ x: 8, y: 8 });
    expect(copy['next']).toBe(addressOf(next));
    expect(it).toMatchObject({ id: 1n, cells: Float32Array.of(1, 2, 3), name: null });
    await reloader.close(); // What came out is the program's own.
    expect(copy).toMatchObject({ id: 42n });
  });

  it('arrays and slices of numbers are typed arrays', async () => {
    const reloader = await start(flag);
    const sum = reloader.getFunction('sum', 'fn([f64]) -> f64');
    expect(sum(Float64Array.of(1, 2, 3.5))).toBe(6.5);
    expect(sum(new Float64Array(0))).toBe(0);
    expect(sum(Float64Array.of(9, 1, 2, 9).subarray(1, 3))).toBe(3);
    expect(reloader.getFunction('count')(Buffer.from('héllo'))).toBe(6n);
    // Slices are copied out.
    expect(reloader.getFunction('tail')(BigInt64Array.of(3n, 4n))).toEqual(BigInt64Array.of(4n));
    const double = reloader.getFunction('double', 'fn([i32; 3]) -> [i32; 3]');
    expect(double([1, 2, 3])).toEqual(Int32Array.of(2, 4, 6));
    expect(double(Int32Array.of(4, 5, 6))).toEqual(Int32Array.of(8, 10, 12));
  });

  it('functions of the program take and give them too', async () => {
    const reloader = await start(flag);
    expect(reloader.getFunction('asks')(filled(reloader, 'Vec2', { x: 3, y: 4 }))).toBe(86);
  });
});

describe('what does not fit', () => {
  it('is refused, with the argument named', async () => {
    const reloader = await start();
    expect(() => reloader.getFunction('flip')(reloader.createStruct('Small'))).toThrow(/argument 1 of flip is Vec2/);
    expect(() => reloader.getFunction('flip')(null)).toThrow(/argument 1 of flip is Vec2, and was given null/);
    expect(() => reloader.getFunction('sum')(Float32Array.of(1))).toThrow(/argument 1 of sum is \[f64\]/);
    expect(() => reloader.getFunction('double')([1, 2])).toThrow(/argument 1 of double is \[i32; 3\]/);
    expect(() => reloader.getFunction('double')([1, 2, 2 ** 40])).toThrow(/argument 1 of double\[2\] is i32/);
    expect(() => reloader.getFunction('wide')).toThrow(/wide takes or gives Wide by value/);
    expect(() => reloader.getFunction('shape')).toThrow(/shape takes or gives Shape by value/);
  });

  it('is known to the type checker', () => {
    expectTypeOf<CallableOf<'fn([f64]) -> [i64; 3]'>>().toEqualTypeOf<(...args: [Float64Array]) => BigInt64Array>();
  });
});
