import { afterAll, describe, expect, it } from 'vitest';
import { applyDelta, encodeDelta, readDeltaHead } from '../../../artifact/delta/delta.ts';
import { readLayout } from '../../../artifact/delta/layout.ts';
import { digestOf } from '../../../common/digest.ts';
import { itWhere } from '../../scenario/needs.ts';
import { Workshop } from '../build-library.ts';
import {
  buildPair,
  buildPlan,
  cppSource,
  missingFor,
  type Pair,
  plainSource,
  stripPair,
  type Way,
  ways,
} from './libraries.ts';

const limits = { maxBytes: 64 * 1_048_576 };
const workshop = new Workshop();
afterAll(() => workshop.close());

/** The delta's bytes, after it was seen to make the new library of the old one. */
function sizeOfDelta({ old, next }: Pair): number {
  // As they come from a file: Buffers, whose parts share their memory with them.
  const read = [old, next].map((bytes) => Buffer.from(bytes)) as [Buffer, Buffer];
  const delta = encodeDelta(...read);
  expect([read[0].equals(old), read[1].equals(next)]).toEqual([true, true]);
  if (delta === undefined) throw new Error('the delta saves nothing');
  const made = applyDelta(read[0], delta, limits);
  expect(read[0].equals(old)).toBe(true);
  expect(Buffer.compare(made, next)).toBe(0);
  expect(readDeltaHead(delta)).toEqual({ oldDigest: digestOf(old), newDigest: digestOf(next), size: next.byteLength });
  return delta.byteLength;
}

/** A test that needs the tools of a way, and says which one is missing. */
function withTools(name: string, way: Way, run: (way: Way) => void): void {
  itWhere(name, missingFor(way), () => run(way));
}

// What a delta may have after a change of one function, whatever the library's size: that function, a build id,
// what moved where. The figures are about twice what it has.
const most = 2_500;
const withDebugInformation = 6_000;

describe('a delta after a change of one function', () => {
  for (const [name, way] of Object.entries(ways)) {
    withTools(`is small for a library by ${name}`, way, () => {
      const pair = buildPlan(workshop, way, { units: 3, functions: 18 });
      const allowed = name === 'gcc -g' ? withDebugInformation : most;
      expect(Buffer.compare(pair.old, pair.next)).not.toBe(0);
      expect(readLayout(pair.old).references.count).toBeGreaterThan(1_000);
      expect(sizeOfDelta(pair)).toBeLessThan(allowed);
      expect(sizeOfDelta({ old: pair.next, next: pair.old })).toBeLessThan(allowed);
      if (way.strip !== undefined) expect(sizeOfDelta(stripPair(workshop, way.strip, pair))).toBeLessThan(most);
    });
  }

  const gcc: Way = { compile: ['gcc', '-O1', '-fPIC', '-c', '-o'], link: ['gcc', '-shared', '-o'] };
  withTools('leaves its inputs as they are, Buffers too', gcc, (way) => {
    const pair = buildPlan(workshop, way, { units: 1, functions: 6 });
    const [old, next] = [Buffer.from(pair.old), Buffer.from(pair.next)];
    expect(sizeOfDelta({ old, next })).toBe(sizeOfDelta(pair));
    expect([digestOf(old), digestOf(next)]).toEqual([digestOf(pair.old), digestOf(pair.next)]);
  });

  const cpp: Way = { compile: ['g++', '-O1', '-fPIC', '-c', '-o'], link: ['g++', '-shared', '-o'] };
  withTools('is small for C++ with virtual functions, templates and exceptions', cpp, () => {
    const pair = buildPair(workshop, cpp, [cppSource(24, false)], 0, cppSource(24, true), 'cpp');
    expect(sizeOfDelta(pair)).toBeLessThan(most);
  });

  withTools('is small when the change brings a function, a variable and an import that were not there', gcc, () => {
    const pair = buildPair(workshop, gcc, [plainSource(40, false)], 0, plainSource(40, true));
    expect(sizeOfDelta(pair)).toBeLessThan(most);
  });

  withTools('of 10 MB is small, and made and applied in a moment', ways['tcc'] ?? gcc, (way) => {
    const pair = buildPlan(workshop, way, { units: 40, functions: 260 });
    expect(pair.old.byteLength).toBeGreaterThan(9_000_000);
    const begun = performance.now();
    expect(sizeOfDelta(pair)).toBeLessThan(pair.next.byteLength / 2_000);
    // Half a second on an idle machine; this ends a test whose time grows with more than the size.
    expect(performance.now() - begun).toBeLessThan(20_000);
  });
});

describe('a delta', () => {
  const bytes = (length: number, value: (index: number) => number): Uint8Array =>
    Uint8Array.from({ length }, (_, index) => value(index));
  const noise = (length: number, seed: number): Uint8Array => {
    let state = seed;
    return bytes(length, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
      return state >>> 16;
    });
  };

  it('is not made when it would save nothing', () => {
    expect(encodeDelta(noise(50_000, 1), noise(50_000, 2))).toBeUndefined();
    expect(encodeDelta(new Uint8Array(), noise(50_000, 2))).toBeUndefined();
    expect(encodeDelta(noise(50_000, 1), new Uint8Array(50_000))).toBeUndefined();
    expect(encodeDelta(noise(50_000, 1), new Uint8Array())).toBeUndefined();
  });

  it('of the same bytes is a head and little else', () => {
    const same = noise(100_000, 3);
    expect(sizeOfDelta({ old: same, next: same.slice() })).toBeLessThan(110);
  });

  it('of bytes that are no library follows what was inserted, removed, moved and repeated', () => {
    const old = noise(200_000, 4);
    const next = Buffer.concat([
      old.subarray(150_000),
      noise(100, 5),
      old.subarray(0, 70_000),
      old.subarray(71_003, 150_000),
      old.subarray(0, 20_000),
    ]);
    expect(sizeOfDelta({ old, next: new Uint8Array(next) })).toBeLessThan(300);
  });

  it('is the same for views into larger memory', () => {
    const old = noise(20_000, 6);
    const next = bytes(20_000, (index) => (old[index] ?? 0) + (index === 7_000 ? 1 : 0));
    const shifted = new Uint8Array(20_003);
    shifted.set(old, 3);
    expect(encodeDelta(shifted.subarray(3), next)).toEqual(encodeDelta(old, next));
  });

  it.each([
    ['zeros', () => 0],
    ['a short period', (index: number) => index % 7],
    ['a long period', (index: number) => (index % 4_099) >> 4],
    ['sparse', (index: number) => (index % 97 === 0 ? index >> 7 : 0)],
  ])('of %s takes no longer than others', (_, value) => {
    const old = bytes(1_000_000, value);
    const next = old.slice();
    for (let at = 0; at < next.byteLength; at += 1_009) next[at] = at >> 3;
    const begun = performance.now();
    const delta = encodeDelta(old, next);
    expect(performance.now() - begun).toBeLessThan(10_000);
    if (delta !== undefined) expect(Buffer.compare(applyDelta(old, delta, limits), next)).toBe(0);
  });
});
