import { afterAll, beforeAll, expect, it } from 'vitest';
import { ByteReader } from '../../../artifact/image/byte-reader.ts';
import { functionNames } from '../../../artifact/image/symbols.ts';
import { missingC } from '../../platforms/tools.ts';
import { itWhere } from '../../scenario/needs.ts';
import { compilers, Workshop } from '../build-library.ts';

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop();
});
afterAll(() => workshop.close());

const source = `
static int __attribute__((noinline)) inner(int a) { return a * 3; }
int outer(int a) { return inner(a) + 1; }
`;

/** Each name with an address at which the image says it is. */
function namesIn(bytes: Uint8Array): Set<string> {
  const nameOf = functionNames(new ByteReader(bytes));
  const found = new Set<string>();
  for (let address = 0; address < 0x4000; address += 1) {
    const name = nameOf(address);
    if (name !== undefined) found.add(name);
  }
  return found;
}

it('knows the functions of an image, static ones included, unless it was stripped', () => {
  const path = workshop.compile(compilers.gcc, source);
  expect([...namesIn(workshop.read(path))]).toEqual(expect.arrayContaining(['inner', 'outer']));
  const stripped = workshop.compile([...compilers.gcc, '-s'], source);
  const names = namesIn(workshop.read(stripped));
  expect(names).toContain('outer'); // It is exported.
  expect(names).not.toContain('inner');
});

itWhere('knows nothing of a library for Windows', missingC(compilers.mingw), () => {
  expect(namesIn(workshop.read(workshop.compile(compilers.mingw, source, '.dll'))).size).toBe(0);
});

it('knows nothing of what is no ELF file, or is cut short, and never throws', () => {
  expect(functionNames(new ByteReader(new Uint8Array()))(16)).toBeUndefined();
  const whole = workshop.read(workshop.compile(compilers.gcc, source));
  for (let size = 0; size < whole.length; size += 97)
    expect(functionNames(new ByteReader(whole.subarray(0, size)))(1)).toBeUndefined();
});
