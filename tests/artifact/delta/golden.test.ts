/**
 * Deltas that were made when their format was. Both sides of a line may be of different versions of this package, so what
 * either guesses of old bytes may not change while the format's number stays. When one of these fails, that has happened:
 * raise `deltaFormat` in artifact/delta/envelope.ts, and make new files beside the others' names.
 */
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { applyDelta, readDeltaHead } from '../../../artifact/delta/delta.ts';
import { readLayout } from '../../../artifact/delta/layout.ts';
import { digestOf } from '../../../common/digest.ts';

const golden = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`golden/${name}`, import.meta.url)));

describe('a delta of format 1', () => {
  it.each(['x64', 'arm64', 'pe', 'macho'])('still gives the bytes that it was made of (%s)', (name) => {
    const old = new Uint8Array(brotliDecompressSync(golden(`delta-1-${name}.old.br`)));
    const delta = golden(`delta-1-${name}.delta`);
    expect(readLayout(old).references.count).toBeGreaterThan(30);
    const { newDigest, size } = readDeltaHead(delta);
    const made = applyDelta(old, delta, { maxBytes: size });
    expect(digestOf(made)).toBe(newDigest);
  });
});
