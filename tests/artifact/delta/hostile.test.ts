/**
 * Deltas that nobody honest made. The corpus at the end holds what once went wrong, or could have: each case is the form's
 * own bytes, written out, so that a reader sees what is wrong with it.
 */
import { brotliCompressSync, constants } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeltaWriter } from '../../../artifact/delta/bytes.ts';
import { applyDelta, encodeDelta, readDeltaHead } from '../../../artifact/delta/delta.ts';
import { readLayout } from '../../../artifact/delta/layout.ts';
import { digestOf } from '../../../common/digest.ts';
import { VaisError } from '../../../common/error.ts';
import { missingC } from '../../platforms/tools.ts';
import { itWhere } from '../../scenario/needs.ts';
import { compilers, exampleFor, imageSource, missingMachO, Workshop } from '../build-library.ts';

/** A case of the corpus. */
interface Case {
  readonly script: Uint8Array;
  /** Bytes that the delta says it makes. */
  readonly size: number;
  /** Bytes that it says its script has, when that is not true. */
  readonly declared?: number;
  readonly says: RegExp;
}

const limits = { maxBytes: 4 * 1_048_576 };
const codes = ['image_invalid', 'digest_mismatch', 'too_large'];
const libraries = new Map<string, Uint8Array>();

const sourceFor = (triple: Parameters<typeof exampleFor>[0]) => imageSource(exampleFor(triple));
const aarch64 = ['clang-14', '--target=aarch64-linux-gnu', '-fuse-ld=lld-14', '-nostdlib', '-shared', '-fPIC', '-O1'];
const sources = {
  gcc: {
    missing: missingC(compilers.gcc),
    build: (w: Workshop) => w.compile(compilers.gcc, sourceFor('x86_64-linux-gnu')),
  },
  aarch64: { missing: missingC(aarch64), build: (w: Workshop) => w.compile(aarch64, sourceFor('aarch64-linux-gnu')) },
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

/** A test of each of these libraries that can be built here; `%s` in its title is the library's name. */
function forEachLibrary(list: typeof names, title: string, run: (name: (typeof names)[number]) => void): void {
  for (const name of list) itWhere(title.replace('%s', name), sources[name].missing, () => run(name));
}

/** Applies what may be anything; fails when that gives wrong bytes, or throws anything but a VaisError with one of the codes. */
function apply(old: Uint8Array, delta: Uint8Array, right: Uint8Array): string {
  try {
    const made = applyDelta(old, delta, limits);
    expect(Buffer.compare(made, right)).toBe(0);
    return 'the right bytes';
  } catch (thrown) {
    if (!(thrown instanceof VaisError)) throw thrown;
    expect(codes).toContain(thrown.code);
    expect(thrown.message).not.toMatch(/undefined|NaN|\[object/);
    return thrown.code;
  }
}

function edit(bytes: Uint8Array, edits: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  let edited: Uint8Array = bytes;
  for (const [at, inserted] of edits) {
    const place = at % (edited.byteLength + 1);
    edited = new Uint8Array(
      Buffer.concat([edited.subarray(0, place), inserted, edited.subarray(place + (at % 3) * 5)]),
    );
  }
  return edited;
}

const someEdits = fc.array(fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 40 })), { minLength: 1, maxLength: 4 });

describe('encode and apply', () => {
  it('give the same bytes back, whatever they are', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 600 }), fc.uint8Array({ maxLength: 5_000, max: 2 }));
    fc.assert(
      fc.property(bytes, bytes, someEdits, (old, other, edits) => {
        for (const next of [other, edit(old, edits)]) {
          const delta = encodeDelta(old, next);
          if (delta !== undefined) expect(apply(old, delta, next)).toBe('the right bytes');
        }
      }),
      { numRuns: 400 },
    );
  });

  forEachLibrary(names, 'give the same bytes back for damaged libraries from %s', (name) => {
    const library = libraries.get(name) ?? new Uint8Array();
    fc.assert(
      fc.property(someEdits, someEdits, (before, after) => {
        const old = edit(library, before);
        const next = edit(old, after);
        const delta = encodeDelta(old, next);
        if (delta !== undefined) expect(apply(old, delta, next)).toBe('the right bytes');
      }),
      { numRuns: 40 },
    );
  });
});

describe('a reader of layouts', () => {
  forEachLibrary(names, 'takes any damage to a library from %s, in no time', (name) => {
    const library = libraries.get(name) ?? new Uint8Array();
    expect(readLayout(library).references.count).toBeGreaterThan(5);
    const place = fc.oneof(
      fc.nat(1_024),
      fc.nat(library.byteLength - 5),
      fc.nat(4_096).map((back) => library.byteLength - 5 - back),
    );
    const number = fc.oneof(
      fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
      fc.nat(library.byteLength + 64),
      fc.nat(),
    );
    let slowest = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(place, number), { minLength: 1, maxLength: 6 }),
        fc.option(fc.nat(library.byteLength)),
        (changes, cut) => {
          const bytes = library.slice();
          const view = new DataView(bytes.buffer);
          for (const [at, value] of changes) view.setUint32(Math.max(0, at), value >>> 0, true);
          const begun = performance.now();
          const { spans, references } = readLayout(cut === null ? bytes : bytes.subarray(0, cut));
          slowest = Math.max(slowest, performance.now() - begun);
          expect(spans.length).toBeLessThanOrEqual(64);
          let end = 0;
          for (let index = 0; index < references.count; index += 1) {
            if ((references.at[index] ?? 0) < end) throw new Error('references overlap');
            end = (references.at[index] ?? 0) + 4;
          }
          expect(end).toBeLessThanOrEqual(cut ?? bytes.byteLength);
        },
      ),
      { numRuns: 1_000 },
    );
    expect(slowest).toBeLessThan(2_000);
  });
});

describe('a library with odd headers', () => {
  itWhere('may have code in a section of no type, which has no bytes', sources.aarch64.missing, () => {
    const library = (libraries.get('aarch64') ?? new Uint8Array()).slice();
    const view = new DataView(library.buffer);
    const table = view.getUint32(40, true);
    for (let at = table; at + 64 <= library.byteLength; at += 64) {
      view.setUint32(at + 4, 0, true); // The type,
      view.setUint32(at + 24, 0xffff_0000, true); // and where it would be.
    }
    expect(readLayout(library).references.count).toBe(0);
  });
});

describe('a library with empty sections at the end of all numbers', () => {
  forEachLibrary(['gcc', 'aarch64'], 'is read in no time (%s)', (name) => {
    const library = (libraries.get(name) ?? new Uint8Array()).slice();
    const view = new DataView(library.buffer);
    for (let at = view.getUint32(40, true); at + 64 <= library.byteLength; at += 64) {
      view.setBigUint64(at + 24, 0xffff_ffff_ffff_ff00n, true);
      view.setBigUint64(at + 32, 0n, true);
    }
    expect(readLayout(library).references.count).toBe(0);
  });
});

describe('a damaged delta', () => {
  forEachLibrary(names, 'between libraries from %s gives the right bytes or an error', (name) => {
    const old = libraries.get(name) ?? new Uint8Array();
    const next = edit(old, [[7_001, Uint8Array.from({ length: 64 }, (_, index) => index * 7)]]);
    const delta = encodeDelta(old, next);
    if (delta === undefined) throw new Error('the delta saves nothing');
    for (let cut = 0; cut < delta.byteLength; cut += 1) {
      expect(codes).toContain(apply(old, delta.subarray(0, cut), next));
    }
    const damage = fc.array(fc.tuple(fc.nat(delta.byteLength - 1), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = delta.slice();
        for (const [at, value] of changes) bytes[at] = (bytes[at] ?? 0) ^ value;
        apply(old, bytes, next);
      }),
      { numRuns: 400 },
    );
  });

  it('whose script is any bytes gives an error', () => {
    const old = libraries.get('gcc') ?? new Uint8Array();
    const numbers = fc.array(fc.oneof(fc.nat(20), fc.nat(old.byteLength), fc.nat()), { maxLength: 24 });
    const list = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      numbers.map((all) => written(...all)),
    );
    fc.assert(
      fc.property(fc.array(list, { maxLength: 8 }), fc.nat(200_000), (lists, size) => {
        const script = join(...lists.map((bytes) => join(written(bytes.byteLength), bytes)));
        expect(codes).toContain(apply(old, forged(old, size, script), old));
      }),
      { numRuns: 1_500 },
    );
  });

  it('is refused by what is wrong with it', () => {
    const old = libraries.get('gcc') ?? new Uint8Array();
    const next = edit(old, [[5_000, Uint8Array.of(1, 2, 3)]]);
    const delta = encodeDelta(old, next) ?? new Uint8Array();
    expect(apply(next, delta, next)).toBe('digest_mismatch');
    expect(apply(old.subarray(1), delta, next)).toBe('digest_mismatch');
    expect(() => applyDelta(old, delta, { maxBytes: next.byteLength - 1 })).toThrow(
      /makes \d+ bytes, and the limit is/,
    );
    const future = delta.slice();
    future[2] = 99;
    expect(() => applyDelta(old, future, limits)).toThrow(/format 99, and this side knows/);
    expect(() => readDeltaHead(new Uint8Array(80))).toThrow(/does not begin as a delta does/);
    const lying = delta.slice();
    lying[40] = (lying[40] ?? 0) ^ 1; // A byte of the new digest.
    expect(() => applyDelta(old, lying, limits)).toThrow(/makes other bytes than it says/);
  });

  // The lists of a script: seal, spans, fixes, copies, new bytes, places, differences.
  const whole = (size: number): Uint8Array => written(0, size - 12, 0);
  const corpus: Readonly<Record<string, (old: Uint8Array) => Case>> = {
    'a script that inflates to more than it says': (old) => ({
      script: new Uint8Array(4_000_000),
      size: old.byteLength,
      says: /script has 4000000 bytes for/,
    }),
    'a script that inflates to more than its head allows': (old) => ({
      script: new Uint8Array(4_000_000),
      size: old.byteLength,
      declared: 2_000,
      says: /larger than it says/,
    }),
    'a copy before the old bytes': () => ({
      script: lists([], [], [], written(0, 0, 1), []),
      size: 12,
      says: /outside of the old library/,
    }),
    'a copy behind the old bytes': (old) => ({
      script: lists([], [], [], whole(old.byteLength + 1), []),
      size: old.byteLength + 1,
      says: /outside of the old library/,
    }),
    'a copy behind the new bytes': () => ({
      script: lists([], [], [], whole(400), []),
      size: 399,
      says: /ends behind the new library/,
    }),
    'a length of 2^53': () => ({
      script: lists([], [], [], written(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 0), []),
      size: 400,
      says: /damaged: a copy/,
    }),
    'fewer new bytes than gaps': () => ({ script: lists([], [], [], [], [1]), size: 400, says: /1 new bytes for 400/ }),
    'a difference behind the end': (old) => ({
      script: lists([], [], [], whole(old.byteLength), [], written(old.byteLength, 1), [1]),
      size: old.byteLength,
      says: /a difference ends behind it/,
    }),
    'more differences than places': (old) => ({
      script: lists([], [], [], whole(old.byteLength), [], [], [1]),
      size: old.byteLength,
      says: /more differences than places/,
    }),
    'a place without a difference': (old) => ({
      script: lists([], [], [], whole(old.byteLength), [], written(0, 1), []),
      size: old.byteLength,
      says: /a difference ends behind it/,
    }),
    'spans that overlap': (old) => ({
      script: lists([], written(0, 0, 100, 50, 0, 100), [], whole(old.byteLength), []),
      size: old.byteLength,
      says: /spans overlap/,
    }),
    'spans without end': (old) => ({
      script: lists([], written(...Array.from({ length: 300 }, () => 0)), [], whole(old.byteLength), []),
      size: old.byteLength,
      says: /are too many/,
    }),
    'fixes without end': (old) => ({
      script: lists([], [], new Uint8Array(3 * 65_537), whole(old.byteLength), []),
      size: 400_000,
      says: /too many fixes/,
    }),
    'copies without end': () => ({
      // Each goes back by its length, which as a signed number is 23.
      script: lists([], [], [], written(0, 0, 0, ...Array.from({ length: 20_000 }, () => [0, 0, 23]).flat()), []),
      size: 12 * 20_001,
      says: /too many copies/,
    }),
    'a seal behind the end': (old) => ({
      script: lists(written(old.byteLength - 31, 4_096, 4_096), [], [], whole(old.byteLength), []),
      size: old.byteLength,
      says: /seal does not fit/,
    }),
    'a seal of pages of no bytes': (old) => ({
      script: lists(written(4_096, 4_096, 0), [], [], whole(old.byteLength), []),
      size: old.byteLength,
      says: /seal does not fit/,
    }),
    'something behind its end': (old) => ({
      script: join(lists([], [], [], whole(old.byteLength), []), Uint8Array.of(0)),
      size: old.byteLength,
      says: /behind its end/,
    }),
    'addresses beyond every machine': (old) => ({
      script: lists(
        [],
        written(0, Number.MAX_SAFE_INTEGER, old.byteLength),
        written(0, Number.MAX_SAFE_INTEGER, 4),
        whole(old.byteLength),
        [],
      ),
      size: old.byteLength,
      says: /makes other bytes than it says|damaged/,
    }),
  };
  it.each(Object.entries(corpus))('with %s is refused', (_, make) => {
    const old = libraries.get('gcc') ?? new Uint8Array();
    const { script, size, says, declared } = make(old);
    expect(() => applyDelta(old, forged(old, size, script, declared), limits)).toThrow(says);
  });
});

function written(...numbers: readonly number[]): Uint8Array {
  const writer = new DeltaWriter();
  for (const number of numbers) writer.number(number);
  return writer.bytes.slice();
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function lists(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const seven = [...parts, ...Array.from({ length: 7 - parts.length }, () => [])];
  return join(...seven.map((part) => join(written(part.length), Uint8Array.from(part))));
}

/** A delta that is right about the old bytes and has this script. */
function forged(old: Uint8Array, size: number, script: Uint8Array, declared = script.byteLength): Uint8Array {
  const digests = Buffer.from(digestOf(old) + digestOf('other'), 'hex');
  const head = join(Uint8Array.of(0x56, 0x44, 1), digests, written(old.byteLength, size, declared));
  return join(head, brotliCompressSync(script, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }));
}
