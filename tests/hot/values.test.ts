import { writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { addressOf, bytesOf, type CallableOf, type OpenStruct, type Pointer } from '../../hot/index.ts';
import { configure, makeSource, news, startReloader } from './harness.ts';

const text = `
E Color { Red, Green, Blue }
E Shape { Circle(f64), Nothing }
S Vec2 { x: f64, y: f64 }
S Part { part: [i64] }
S Node { value: i64, next: *Node }
S All {
    a: i8, b: i16, c: i32, d: i64, e: u8, f: u16, g: u32, h: u64, i: f32, j: f64, k: bool,
    color: Color, shape: Shape, at: Vec2, cells: [i64; 4], flags: [bool; 3], path: [Vec2; 2], label: str, vec: *Vec2,
}
G origin: Vec2 = Vec2 { x: 1.5, y: 2.5 }
G table: [i32; 3] = [1, 2, 3]

#[hot]
F small(a: i8, b: i16, c: i32, d: u8, e: u16, f: u32) -> i64 { a as i64 + b as i64 + c as i64 + d as i64 + e as i64 + f as i64 }
#[hot]
F large(a: i64) -> i64 { a + 1 }
#[hot]
F unsigned(a: u64) -> u64 { a }
#[hot]
F mix(a: f32, b: f64, yes: bool) -> f64 { I yes { a as f64 + b } E { 0.0 } }
#[hot]
F is_big(a: i64) -> bool { a > 10 }
#[hot]
F length(text: str) -> i64 { strlen(text) as i64 }
#[hot]
F first(text: *i8) -> i64 { load_byte(text) }
#[hot]
F greeting() -> str { "hello" }
#[hot]
F next_color(color: Color) -> Color { M color { Red => Green, Green => Blue, Blue => Red } }
#[hot]
F fill(all: *All) { all.a = 1
 all.h = 18446744073709551615
 all.k = true
 all.color = Green
 all.at.y = 4.5
 all.cells[2] = 9
 all.path[1].x = 3.0
 all.label = "named" }
#[hot]
F sum(node: *Node) -> i64 { I node == (0 as *Node) { 0 } E { node.value + node.next.value } }
#[hot]
F where_is(vec: *Vec2) -> *Vec2 { vec }
#[hot]
F the_origin() -> *Vec2 { &origin }
#[hot]
F total() -> i64 { table[0] as i64 + table[1] as i64 + table[2] as i64 }
#[hot]
F by_value(vec: Vec2) -> f64 { vec.x }
#[hot]
F count(part: *Part) -> i64 { 0 }
F main() -> i64 { 0 }
`;

const start = () => startReloader(configure(makeSource(text)));

describe('numbers', () => {
  it('cross as the contract says: 64 bits as bigints, smaller ones as numbers', async () => {
    const reloader = await start();
    expect(
      reloader.getFunction('small', 'fn(i8, i16, i32, u8, u16, u32) -> i64')(-128, 1, 1, 255, 1, 2 ** 32 - 1),
    ).toBe(4294967425n);
    const large = reloader.getFunction('large', 'fn(i64) -> i64');
    expect([large(1), large(2n ** 62n)]).toEqual([2n, 2n ** 62n + 1n]);
    expect(reloader.getFunction('unsigned', 'fn(u64) -> u64')(2n ** 64n - 1n)).toBe(2n ** 64n - 1n);
    const mix = reloader.getFunction('mix', 'fn(f32, f64, bool) -> f64');
    expect([mix(0.5, 0.25, true), mix(1, 1, false)]).toEqual([0.75, 0]);
    expect(reloader.getFunction('is_big', 'fn(i64) -> bool')(11)).toBe(true);
  });

  it.each([
    ['small', [128, 0, 0, 0, 0, 0], 'argument 1 of small is i8, and was given 128'],
    ['small', [0, 0, 0, -1, 0, 0], 'argument 4 of small is u8, and was given -1'],
    ['small', [0, 0, 1.5, 0, 0, 0], 'argument 3 of small is i32, and was given 1.5'],
    ['small', [0], 'small was given 1 argument'],
    ['large', [2 ** 53], 'argument 1 of large is i64, and was given 9007199254740992'],
    ['large', [2n ** 63n], 'argument 1 of large is i64, and was given 9223372036854775808n'],
    ['large', ['1'], 'argument 1 of large is i64, and was given "1"'],
    ['unsigned', [-1], 'argument 1 of unsigned is u64, and was given -1'],
    ['mix', [1n, 1, true], 'argument 1 of mix is f32, and was given 1n'],
    ['mix', [1, 1, 1], 'argument 3 of mix is bool, and was given 1'],
    ['length', [1], 'argument 1 of length is str, and was given 1'],
    ['where_is', ['text'], 'argument 1 of where_is is *Vec2, and was given "text"'],
  ])('that do not fit are refused by name: %s %s', async (name, args, words) => {
    const reloader = await start();
    expect(() => reloader.getFunction(name)(...args)).toThrow(words);
  });
});

describe('text', () => {
  it('goes in as a string, and comes out as one', async () => {
    const reloader = await start();
    expect(reloader.getFunction('length', 'fn(str) -> i64')('grüße')).toBe(7n);
    const first = reloader.getFunction('first', 'fn(*i8) -> i64');
    expect([first('A'), first(Buffer.from('B'))]).toEqual([65n, 66n]);
    expect(reloader.getFunction('greeting', 'fn() -> str')()).toBe('hello');
  });
});

describe('a struct', () => {
  it('has a property for each field, over the memory that native code sees', async () => {
    const reloader = await start();
    const all = reloader.createStruct('All', {
      a: 'i8',
      d: 'i64',
      h: 'u64',
      k: 'bool',
      color: 'Color',
      at: { x: 'f64', y: 'f64' },
      cells: '[i64; 4]',
      label: 'str',
      vec: '*Vec2',
    });
    reloader.getFunction('fill', 'fn(*All)')(all);
    expect([all.a, all.h, all.k, all.color, all.at.y, all.label]).toEqual([1, 2n ** 64n - 1n, true, 1, 4.5, 'named']);
    expect(all.cells).toEqual(new BigInt64Array([0n, 0n, 9n, 0n]));
    all.cells[0] = 5n;
    all.d = -5n;
    expect([all.cells[0], all.d]).toEqual([5n, -5n]);
    const open = reloader.viewStruct('All', addressOf(all));
    expect((open['path'] as OpenStruct[])[1]?.['x']).toBe(3);
    open['flags'] = [1, 0, 1].map(Boolean) as never;
    expect(open['flags']).toEqual(new Uint8Array([1, 0, 1]));
    expect(bytesOf(all).length).toBe(bytesOf(open).length);
  });

  it('is saved and restored by its bytes', async () => {
    const reloader = await start();
    const vec = reloader.createStruct('Vec2', { x: 'f64', y: 'f64' });
    vec.x = 3;
    const saved = bytesOf(vec).slice();
    vec.x = 4;
    bytesOf(vec).set(saved);
    expect(vec.x).toBe(3);
    expect(inspect(vec)).toBe('{ x: 3, y: 0 }');
  });

  it('points to others, which live as long as it does', async () => {
    const reloader = await start();
    const node = reloader.createStruct('Node', { value: 'i64', next: '*Node' });
    const next = reloader.createStruct('Node', { value: 'i64' });
    [node.value, next.value, node.next] = [1n, 41n, next];
    expect(reloader.getFunction('sum', 'fn(*Node) -> i64')(node)).toBe(42n);
    expect(node.next).toBe(addressOf(next));
    node.next = null;
    expect(node.next).toBeNull();
  });

  it('that native code owns is seen at its address', async () => {
    const reloader = await start();
    const address = reloader.getFunction('the_origin', 'fn() -> *Vec2')();
    if (address === null) throw new Error('no address');
    const origin = reloader.viewStruct('Vec2', address, { x: 'f64', y: 'f64' });
    expect([origin.x, origin.y]).toEqual([1.5, 2.5]);
    origin.x = 7;
    expect((reloader.getGlobal('origin') as OpenStruct)['x']).toBe(7);
    const where = reloader.getFunction('where_is', 'fn(*Vec2) -> *Vec2');
    expect([where(origin), where(null), where(address)]).toEqual([address, null, address]);
  });

  it.each([
    ['a field that it has not', (all: Record<string, unknown>) => (all['z'] = 1), /z/],
    ['a value out of range', (all: Record<string, unknown>) => (all['a'] = 300), 'All.a is i8, and was given 300'],
    ['text that nobody holds', (all: Record<string, unknown>) => (all['label'] = 'x'), 'All.label is str'],
    ['an array of another length', (all: Record<string, unknown>) => (all['cells'] = [1n]), 'an array of 4 values'],
    ['an array of structs', (all: Record<string, unknown>) => (all['path'] = []), 'not assigned as a whole'],
    ['an enum that holds values', (all: Record<string, unknown>) => all['shape'], 'Node programs cannot reach'],
  ])('refuses %s', async (_, use, words) => {
    const reloader = await start();
    const thrown = (() => {
      try {
        use(reloader.createStruct('All'));
      } catch (error) {
        return error as { message: string; hint?: string };
      }
      return undefined;
    })();
    expect(`${thrown?.message} ${thrown?.hint}`).toMatch(words);
  });

  it('leaves slices to native code', async () => {
    const reloader = await start();
    expect(() => reloader.createStruct('Part')['part']).toThrow('Node programs cannot reach');
  });

  it('of another type is no argument', async () => {
    const reloader = await start();
    const node = reloader.createStruct('Node');
    expect(() => reloader.getFunction('where_is')(node)).toThrow(/\*Vec2/);
  });
});

describe('globals', () => {
  it('are read and written by name', async () => {
    const reloader = await start();
    expect(reloader.getGlobal('table')).toEqual(new Int32Array([1, 2, 3]));
    reloader.setGlobal('table', new Int32Array([10, 20, 30]));
    expect(reloader.getFunction('total', 'fn() -> i64')()).toBe(60n);
    expect(() => reloader.getGlobal('nothing')).toThrow('no global nothing');
  });
});

describe('what the program was written for', () => {
  it('is compared with the contract', async () => {
    const reloader = await start();
    expect(() => reloader.getFunction('large', 'fn(i32) -> i64')).toThrow('large is fn(i64) -> i64, and not');
    expect(() => reloader.createStruct('Missing')).toThrow('no struct Missing');
    expect(() => reloader.createStruct('Vec2', { x: 'f32' })).toThrow('Vec2.x is f64, and not f32');
    expect(() => reloader.createStruct('Vec2', { z: 'f64' })).toThrow('Vec2 has no field z');
    expect(() => reloader.createStruct('All', { at: { x: 'i64' } })).toThrow('Vec2.x is f64');
  });

  it('is what the type checker knows', () => {
    expectTypeOf<CallableOf<'fn(*State, f64) -> i64'>>().toEqualTypeOf<(state: Pointer, dt: number) => bigint>();
    expectTypeOf<CallableOf<'fn()'>>().toEqualTypeOf<() => void>();
    expectTypeOf<CallableOf<'fn(i64, bool, str) -> *Vec2'>>().toEqualTypeOf<
      (a: bigint | number, b: boolean, c: string | null) => bigint | null
    >();
    expectTypeOf<ReturnType<CallableOf<'fn(fn(i64) -> i64, f32) -> u8'>>>().not.toBeAny();
  });
});

describe('a function of the program', () => {
  const calling = (factor: number): string => `
S Vec2 { x: f64, y: f64 }
@[extern "C"]
F note(value: i64, scale: f64, vec: *Vec2) -> f64
@[extern "C"]
F tell(text: str)
#[hot]
F update(vec: *Vec2) -> f64 { tell("updating")
 note(${factor}, 2.5, vec) }
F main() -> i64 { 0 }
`;

  it('is called with what native code gives, in every version', async () => {
    const seen: unknown[] = [];
    const file = makeSource(calling(3));
    const reloader = await startReloader(
      configure(file)
        .withFunction('note', 'fn(i64, f64, *Vec2) -> f64', (value, scale, vec) => {
          expectTypeOf(value).toEqualTypeOf<bigint>();
          seen.push(value, vec);
          return Number(value) * scale;
        })
        .withFunction('tell', 'fn(str)', (said) => void seen.push(said)),
    );
    const vec = reloader.createStruct('Vec2');
    const update = reloader.getFunction('update', 'fn(*Vec2) -> f64');
    expect(update(vec)).toBe(7.5);
    expect(seen).toEqual(['updating', 3n, addressOf(vec)]);
    writeFileSync(file, calling(4));
    expect(await news(reloader)).toBe(1);
    expect(update(vec)).toBe(10);
  });

  it('that throws ends the hot call with what it threw', async () => {
    const file = makeSource(calling(1));
    const reloader = await startReloader(
      configure(file)
        .withFunction('note', 'fn(i64, f64, *Vec2) -> f64', () => {
          throw new RangeError('too much');
        })
        .withFunction('tell', 'fn(str)', () => undefined),
    );
    const update = reloader.getFunction('update', 'fn(*Vec2) -> f64');
    expect(() => update(null)).toThrow(new RangeError('too much'));
    expect(reloader.check()).toBe(0);
    expect(() => update(null)).toThrow('too much');
  });
});
