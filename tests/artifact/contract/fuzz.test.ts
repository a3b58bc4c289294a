import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readImage } from '../../../artifact/contract/image.ts';
import { VaisError } from '../../../common/error.ts';
import { missingC } from '../../platforms/tools.ts';
import { itWhere } from '../../scenario/needs.ts';
import { compilers, exampleFor, imageSource, missingMachO, Workshop } from '../build-library.ts';

const libraries = new Map<string, Uint8Array>();
const sourceFor = (triple: Parameters<typeof exampleFor>[0]) => imageSource(exampleFor(triple));
const sources = {
  gcc: {
    missing: missingC(compilers.gcc),
    build: (w: Workshop) => w.compile(compilers.gcc, sourceFor('x86_64-linux-gnu')),
  },
  tcc: {
    missing: missingC(compilers.tcc),
    build: (w: Workshop) => w.compile(compilers.tcc, sourceFor('x86_64-linux-gnu')),
  },
  'Mach-O': { missing: missingMachO(), build: (w: Workshop) => w.compileMachO(sourceFor('aarch64-macos'), 'arm64') },
  PE: {
    missing: missingC(compilers.mingw),
    build: (w: Workshop) => w.compile(compilers.mingw, sourceFor('x86_64-windows-gnu'), '.dll'),
  },
} as const;
const names = Object.keys(sources) as (keyof typeof sources)[];

beforeAll(() => {
  const workshop = new Workshop();
  for (const name of names)
    if (sources[name].missing === undefined) libraries.set(name, workshop.read(sources[name].build(workshop)));
  workshop.close();
});
afterAll(() => libraries.clear());

/** Milliseconds that reading took; fails when it threw anything but a VaisError. */
function read(bytes: Uint8Array): number {
  const start = performance.now();
  try {
    readImage(bytes);
  } catch (thrown) {
    if (!(thrown instanceof VaisError)) throw thrown;
    expect(['image_invalid', 'wrong_platform', 'contract_missing']).toContain(thrown.code);
    expect(thrown.message).not.toMatch(/undefined|NaN|\[object/);
  }
  return performance.now() - start;
}

/** Numbers that break readers: ends of ranges, and those near the file's own size. */
function hostileNumbers(size: number): fc.Arbitrary<number> {
  return fc.oneof(
    fc.constantFrom(0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
    fc.integer({ min: Math.max(0, size - 64), max: size + 64 }),
    fc.nat(size),
    fc.nat(0xffff_ffff),
  );
}

describe.each(names)('a library from %s', (name) => {
  const { missing } = sources[name];
  itWhere('gives an image or a VaisError, in no time, whatever is written over its headers', missing, () => {
    const original = libraries.get(name) ?? new Uint8Array();
    expect(original.byteLength).toBeGreaterThan(1_000);
    const place = fc.oneof(
      fc.nat(1_024),
      fc.nat(original.byteLength - 5),
      fc.nat(4_096).map((back) => original.byteLength - 5 - back),
    );
    const edit = fc.tuple(place, fc.constantFrom(1, 2, 4), hostileNumbers(original.byteLength));
    const edits = fc.array(edit, { minLength: 1, maxLength: 6 });
    const length = fc.option(fc.nat(original.byteLength), { freq: 4 });
    let slowest = 0;
    fc.assert(
      fc.property(edits, length, (changes, cut) => {
        const bytes = original.slice();
        const view = new DataView(bytes.buffer);
        for (const [at, width, value] of changes) {
          const target = Math.max(0, at);
          if (width === 1) view.setUint8(target, value & 0xff);
          else if (width === 2) view.setUint16(target, value & 0xffff, true);
          else view.setUint32(target, value >>> 0, true);
        }
        slowest = Math.max(slowest, read(cut === null ? bytes : bytes.subarray(0, cut)));
      }),
      { numRuns: 5_000 },
    );
    expect(slowest).toBeLessThan(1_000);
  });

  itWhere('with a large file behind its headers is read in time that grows with its size only', missing, () => {
    const original = libraries.get(name) ?? new Uint8Array();
    for (const fill of [0x00, 0x01, 0x19, 0xff]) {
      const bytes = new Uint8Array(32 * 1_048_576).fill(fill);
      bytes.set(original.subarray(0, 64));
      expect(read(bytes)).toBeLessThan(2_000);
    }
  });
});

describe('any bytes', () => {
  const magics = [
    [0x7f, 0x45, 0x4c, 0x46, 2, 1],
    [0xcf, 0xfa, 0xed, 0xfe],
    [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2],
    [0x4d, 0x5a],
    [],
  ];

  it('give an image or a VaisError', () => {
    fc.assert(
      fc.property(fc.constantFrom(...magics), fc.uint8Array({ maxLength: 2_000 }), (magic, rest) => {
        read(Uint8Array.from([...magic, ...rest]));
      }),
      { numRuns: 3_000 },
    );
  });
});
