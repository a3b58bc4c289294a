import { describe, expect, it } from 'vitest';
import { digestOf, parseDigest } from '../../common/digest.ts';

// FIPS 180-4, the examples for SHA-256.
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

describe('a digest', () => {
  it('is the SHA-256 of bytes or of text as UTF-8', () => {
    expect(digestOf(new Uint8Array())).toBe(empty);
    expect(digestOf('abc')).toBe(abc);
    expect(digestOf('ß')).toBe(digestOf(Uint8Array.of(0xc3, 0x9f)));
  });

  it('is of the bytes of a view alone, not of its whole buffer', () => {
    expect(digestOf(new TextEncoder().encode('xabcx').subarray(1, 4))).toBe(abc);
  });

  it('parses from 64 lower-case hex digits and nothing else', () => {
    expect(parseDigest(abc)).toBe(abc);
    for (const text of [
      '',
      abc.slice(1),
      `${abc}0`,
      `${abc}\n`,
      abc.toUpperCase(),
      `../${abc.slice(3)}`,
      `${abc.slice(1)}g`,
    ]) {
      expect(parseDigest(text), text).toBeUndefined();
    }
  });
});
