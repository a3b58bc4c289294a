import { afterAll, describe, expect, it } from 'vitest';
import { readVariables, type StaticVariables } from '../../../artifact/dwarf/variables.ts';
import { describeWhere } from '../../scenario/needs.ts';
import { missing, NativeWorkshop, type Toolchain } from './native.ts';

const workshop = new NativeWorkshop();
afterAll(() => workshop.close());

const c = `
static int hidden = 3;
int shown;
const int table[3] = {1, 2, 3};
int step(void) {
  static int count = 1;
  { static long count = 2; count++; }
  return ++count + ++hidden + ++shown + table[count % 3];
}
int other(void) { static short count = 7; return ++count; }
`;
const cc = `
namespace game {
struct World { static inline int made = 4; };
inline int pool[4];
namespace { int secret = 3; }
template<class T> T counter = 1;
}
extern "C" int step() {
  static thread_local int mine = 1;
  return game::secret++ + ++game::counter<int> + ++game::counter<char> + ++game::World::made + game::pool[1]++ + mine++;
}
`;
const rust = `
static mut COUNT: u32 = 3;
#[no_mangle] pub extern "C" fn step() -> u32 { static mut INNER: u8 = 1; unsafe { INNER += 1; COUNT += INNER as u32; COUNT } }
`;
const zig = `
var count: u32 = 1;
export fn step() u32 { const S = struct { var inner: u16 = 3; }; S.inner += 1; count += S.inner; return count; }
`;

/** Key → bytes of the variables in sections that code may write. */
function written({ variables }: StaticVariables): Record<string, number | undefined> {
  const some = variables.filter(({ section, threadLocal }) => threadLocal || section?.writable === true);
  return Object.fromEntries(some.map(({ key, size }) => [key, size]));
}

function describeWith(toolchain: Toolchain, body: () => void): void {
  describeWhere(toolchain, missing(toolchain), body);
}

describeWith('gcc', () => {
  it.each([
    ['-g'],
    ['-gdwarf-4'],
    ['-gdwarf-5'],
    ['-g', '-O2'],
    ['-g', '-gz'],
    ['-g', '-ffunction-sections', '-fdata-sections', '-Wl,--gc-sections'],
  ])('tells variables of the same name apart by function and block (%s)', (...flags) => {
    expect(written(readVariables(workshop.build('gcc', c, flags)))).toEqual({
      'game.c:hidden': 4,
      shown: 4,
      'game.c:step::count': 4,
      'game.c:step::{1}::count': 8,
      'game.c:other::count': 2,
    });
  });

  it('says where a constant is, in a section that is not written', () => {
    const table = readVariables(workshop.build('gcc', c)).variables.find(({ key }) => key === 'table');
    expect(table).toMatchObject({ size: 12, external: true, section: { name: '.rodata', writable: false } });
  });
});

describeWith('clang', () => {
  it('names what it cannot tell apart: clang says of no variable in which block it is', () => {
    const { variables, ambiguous } = readVariables(workshop.build('clang', c));
    expect([...ambiguous]).toEqual(['game.c:step::count']);
    expect(variables.filter(({ key }) => key === 'game.c:step::count').map(({ size }) => size)).toEqual([4, 8]);
    expect(variables.find(({ key }) => key === 'game.c:other::count')?.size).toBe(2);
  });
});

describe.each<Toolchain>(['g++', 'clang++'])('C++', (toolchain) => {
  describeWith(toolchain, () => {
    it('reads inline, anonymous, template, member and thread-local variables', () => {
      const found = readVariables(workshop.build(toolchain, cc));
      const sizes = written(found);
      expect(sizes).toMatchObject({ 'game::pool': 16, 'game.cc:game::(anonymous)::secret': 4, 'game::World::made': 4 });
      expect(Object.keys(sizes).filter((key) => key.startsWith('game::counter'))).toHaveLength(2);
      expect(found.variables.find(({ name }) => name === 'mine')).toMatchObject({ threadLocal: true, scope: ['step'] });
      expect(found.ambiguous.size).toBe(0);
    });
  });
});

describeWith('mingw', () => {
  it('gives addresses as the image is linked', () => {
    const sizes = written(readVariables(workshop.build('mingw', c)));
    expect(sizes).toMatchObject({ shown: 4, 'game.c:step::{1}::count': 4, 'game.c:other::count': 2 });
  });
});

describeWith('rust', () => {
  it('names a static by its path', () => {
    expect(written(readVariables(workshop.build('rust', rust)))).toEqual({ 'game::COUNT': 4, 'game::step::INNER': 1 });
  });
});

describeWith('zig', () => {
  it('finds by its symbol what has no place in the debug information', () => {
    const sizes = written(readVariables(workshop.build('zig', zig)));
    expect(sizes).toMatchObject({ 'game.count': 4, 'game.step.S.inner': 2 });
  });
});
