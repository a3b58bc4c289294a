import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { formatContract } from '../../../artifact/contract/format.ts';
import { readContract } from '../../../artifact/contract/records.ts';
import { debugContract } from '../../../artifact/dwarf/contract.ts';
import { imageToTravel } from '../../../artifact/dwarf/native-image.ts';
import { readVariables } from '../../../artifact/dwarf/variables.ts';
import { ByteReader } from '../../../artifact/image/byte-reader.ts';
import { readSections } from '../../../artifact/image/sections.ts';
import { VaisError } from '../../../common/error.ts';
import { describeWhere } from '../../scenario/needs.ts';
import { languages } from './edits.ts';
import { missing, NativeWorkshop, type Toolchain } from './native.ts';

const facts = { module: 'game', triple: 'x86_64-linux-gnu', buildId: '0'.repeat(32) } as const;
/** Far more than any of these images takes, also where the machine is busy: what hangs takes for ever. */
const deadlineMs = 20_000;

const images: readonly (readonly [name: string, toolchain: Toolchain, language: string, flags: readonly string[]])[] = [
  ['C, DWARF 5', 'gcc', 'C', ['-gdwarf-5']],
  ['C, DWARF 4 with type units, compressed', 'gcc', 'C', ['-gdwarf-4', '-fdebug-types-section', '-gz']],
  ['C, clang', 'clang', 'C', ['-g']],
  ['C++, clang', 'clang++', 'C++', ['-g', '-O1']],
  ['C, PE', 'mingw', 'C', ['-g']],
];

/** Reads all that there is to read. Throws what is no VaisError. */
function read(bytes: Uint8Array): void {
  const start = performance.now();
  for (const reading of [
    () => readContract(formatContract(debugContract(new ByteReader(bytes), facts))),
    () => readVariables(new ByteReader(bytes)),
    () => imageToTravel(bytes, { module: 'game' }),
  ]) {
    try {
      reading();
    } catch (thrown) {
      if (!(thrown instanceof VaisError)) throw thrown;
      expect(['image_invalid', 'wrong_platform', 'contract_missing']).toContain(thrown.code);
      expect(thrown.message).not.toBe('');
    }
  }
  expect(performance.now() - start).toBeLessThan(deadlineMs);
}

for (const [name, toolchain, language, flags] of images)
  describeWhere(name, missing(toolchain), () => {
    let image = new Uint8Array();
    /** Where the debug sections are, since a flip elsewhere says little. */
    let places: { readonly offset: number; readonly size: number }[] = [];
    const workshop = new NativeWorkshop();

    beforeAll(() => {
      const file = workshop.build(toolchain, languages[language]?.source ?? '', flags);
      image = new Uint8Array(file.bytes);
      places = readSections(file).filter(({ name, size }) => /^\.z?debug_/.test(name) && size > 0);
    }, 60_000);
    afterAll(() => workshop.close());

    it('with flipped bits gives a contract or an error', { timeout: 300_000 }, () => {
      const flip = fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }));
      fc.assert(
        fc.property(fc.array(flip, { minLength: 1, maxLength: 6 }), (flips) => {
          const bytes = image.slice();
          for (const [which, where, mask] of flips) {
            const place = places[which % places.length];
            if (place === undefined) continue;
            const at = place.offset + (where % place.size);
            bytes[at] = (bytes[at] ?? 0) ^ mask;
          }
          read(bytes);
        }),
        { numRuns: 300 },
      );
    });

    it('with numbers that are too large gives a contract or an error', { timeout: 300_000 }, () => {
      fc.assert(
        fc.property(
          fc.nat(),
          fc.nat(),
          fc.constantFrom(0, 0x7f, 0x80, 0xff),
          fc.integer({ min: 1, max: 9 }),
          (which, where, value, length) => {
            const bytes = image.slice();
            const place = places[which % places.length];
            if (place === undefined) return;
            bytes.fill(
              value,
              place.offset + (where % place.size),
              Math.min(place.offset + (where % place.size) + length, place.offset + place.size),
            );
            read(bytes);
          },
        ),
        { numRuns: 200 },
      );
    });

    it('cut anywhere gives an error', { timeout: 300_000 }, () => {
      fc.assert(
        fc.property(fc.nat(), (length) => read(image.subarray(0, length % image.length))),
        { numRuns: 100 },
      );
    });
  });
