import { randomBytes } from 'node:crypto';
import { brotliCompressSync, crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkAssembler } from '../../../artifact/transfer/assembler.ts';
import {
  type Chunk,
  type ChunkEffort,
  chunkCount,
  chunkSize,
  chunkSizeAt,
  effortFor,
  encodeChunks,
} from '../../../artifact/transfer/chunk.ts';
import { digestOf } from '../../../common/digest.ts';
import { VaisError } from '../../../common/error.ts';

const efforts: readonly ChunkEffort[] = ['none', 'quick', 'small'];

/** Something like code: half of it repeats. */
function sample(size: number): Uint8Array {
  const noise = randomBytes(4_096);
  return Uint8Array.from({ length: size }, (_, index) =>
    (index >> 8) % 2 === 0 ? (noise[index & 4_095] ?? 0) : index & 15,
  );
}

function assembler(bytes: Uint8Array, sink = new Uint8Array(bytes.byteLength), maxBytes = bytes.byteLength) {
  const goal = { size: bytes.byteLength, digest: digestOf(bytes), maxBytes };
  return { sink, chunks: new ChunkAssembler(goal, (part, offset) => sink.set(part, offset)) };
}

function chunksOf(bytes: Uint8Array, effort: ChunkEffort, from = 0): AsyncGenerator<Chunk, void> {
  const read = (offset: number, length: number) => bytes.subarray(offset, offset + length);
  return encodeChunks({ size: bytes.byteLength, read }, () => effort, from);
}

async function all(bytes: Uint8Array, effort: ChunkEffort = 'quick', from = 0): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for await (const chunk of chunksOf(bytes, effort, from)) chunks.push(chunk);
  return chunks;
}

async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (thrown) {
    if (thrown instanceof VaisError) return thrown.code;
    throw thrown;
  }
  return 'nothing thrown';
}

describe('chunks', () => {
  it.each([0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3 * chunkSize, 3 * chunkSize + 17])(
    'of %i bytes become the same bytes again, however they are compressed',
    async (size) => {
      const bytes = sample(size);
      for (const effort of efforts) {
        const { sink, chunks } = assembler(bytes);
        let index = 0;
        for await (const chunk of chunksOf(bytes, effort)) {
          expect(chunk).toMatchObject({ index, size: chunkSizeAt(index, size) });
          expect(chunk.data.byteLength).toBeLessThanOrEqual(chunk.size);
          expect(chunks.complete).toBe(false);
          await chunks.add(chunk);
          index += 1;
        }
        expect(index).toBe(chunkCount(size));
        expect([chunks.complete, chunks.wanted, chunks.received]).toEqual([true, index, size]);
        expect(Buffer.compare(sink, bytes)).toBe(0);
      }
    },
  );

  it('go on where the line broke, with another assembler too', async () => {
    const bytes = sample(5 * chunkSize - 100);
    const first = assembler(bytes);
    for await (const chunk of chunksOf(bytes, 'quick')) {
      if (chunk.index === 2) break;
      await first.chunks.add(chunk);
    }
    expect([first.chunks.wanted, first.chunks.received]).toEqual([2, 2 * chunkSize]);
    const second = assembler(bytes, first.sink);
    second.chunks.restore(first.sink.subarray(0, chunkSize));
    second.chunks.restore(first.sink.subarray(chunkSize, 2 * chunkSize));
    for (const chunk of await all(bytes, 'quick', second.chunks.wanted)) await second.chunks.add(chunk);
    expect(second.chunks.complete).toBe(true);
    expect(Buffer.compare(second.sink, bytes)).toBe(0);
  });

  it('are held a few at a time by whoever makes them', async () => {
    const bytes = new Uint8Array(40 * chunkSize);
    const chunks = chunksOf(bytes, 'none');
    expect((await chunks.next()).value).toMatchObject({ index: 0 });
    await chunks.return();
    expect((await chunks.next()).done).toBe(true);
  });

  it('that do not shrink travel as they are', async () => {
    const [chunk] = await all(new Uint8Array(randomBytes(10_000)), 'small');
    expect(chunk).toMatchObject({ compression: 'none', size: 10_000 });
  });

  it('are compressed by how fast the line is', () => {
    expect([1e6, 1e7, 5e7, 1e8, 1e9].map(effortFor)).toEqual(['small', 'small', 'quick', 'quick', 'none']);
  });
});

describe('an assembler', () => {
  const bytes = sample(2 * chunkSize + 1_000);

  it('refuses more than its limit before a byte has come', async () => {
    expect(await codeOf(() => assembler(bytes, undefined, bytes.byteLength - 1))).toBe('too_large');
  });

  it('refuses a chunk out of its turn, twice, or after the last', async () => {
    const [zero, one, two] = await all(bytes);
    if (zero === undefined || one === undefined || two === undefined) throw new Error('three chunks');
    const { chunks } = assembler(bytes);
    expect(await codeOf(() => chunks.add(one))).toBe('usage');
    await chunks.add(zero);
    expect(await codeOf(() => chunks.add(zero))).toBe('usage');
    const both = [chunks.add(one), codeOf(() => chunks.add(two))];
    expect((await Promise.all(both))[1]).toBe('usage');
    await chunks.add(two);
    expect(await codeOf(() => chunks.add(two))).toBe('usage');
    expect(await codeOf(() => chunks.restore(bytes))).toBe('usage');
  });

  it('refuses a damaged chunk, and takes the same one when it is sent again', async () => {
    const { chunks, sink } = assembler(bytes);
    for (const chunk of await all(bytes)) {
      const data = Uint8Array.from(chunk.data, (byte, at) => (at === 600 ? byte ^ 0x40 : byte));
      expect(['image_invalid', 'digest_mismatch']).toContain(await codeOf(() => chunks.add({ ...chunk, data })));
      expect(await codeOf(() => chunks.add({ ...chunk, checksum: 1 }))).toBe('digest_mismatch');
      expect(await codeOf(() => chunks.add({ ...chunk, size: chunk.size - 1 }))).toBe('image_invalid');
      expect(await codeOf(() => chunks.add({ ...chunk, data: chunk.data.subarray(1) }))).toBe('image_invalid');
      expect(sink[chunk.index * chunkSize]).toBe(0);
      await chunks.add(chunk);
    }
    expect(chunks.complete).toBe(true);
    expect(Buffer.compare(sink, bytes)).toBe(0);
  });

  it('stops inflating a bomb at the size of its place', async () => {
    const bomb = brotliCompressSync(new Uint8Array(256 * 1_048_576), { params: { [0x1]: 1 } });
    expect(bomb.byteLength).toBeLessThan(chunkSize);
    const written: number[] = [];
    const goal = { size: 1_000, digest: digestOf('bomb'), maxBytes: 1_000 };
    const chunks = new ChunkAssembler(goal, (part) => void written.push(part.byteLength));
    const chunk: Chunk = { index: 0, size: 1_000, checksum: 1, compression: 'brotli', data: bomb };
    const before = process.memoryUsage().arrayBuffers;
    expect(await codeOf(() => chunks.add(chunk))).toBe('image_invalid');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1_048_576);
    expect(written).toEqual([]);
  });

  it('says in the end that the whole is not what was announced, and takes nothing more', async () => {
    const goal = { size: bytes.byteLength, digest: digestOf('another'), maxBytes: bytes.byteLength };
    const chunks = new ChunkAssembler(goal, () => undefined);
    const [zero, one, two] = await all(bytes);
    if (zero === undefined || one === undefined || two === undefined) throw new Error('three chunks');
    await chunks.add(zero);
    await chunks.add(one);
    expect(await codeOf(() => chunks.add(two))).toBe('digest_mismatch');
    expect(chunks.complete).toBe(false);
    expect(await codeOf(() => chunks.add(zero))).toBe('usage');
  });

  it('wants the same chunk again when it could not be written', async () => {
    let full = true;
    const goal = { size: bytes.byteLength, digest: digestOf(bytes), maxBytes: bytes.byteLength };
    const chunks = new ChunkAssembler(goal, async () => {
      if (full) throw new VaisError('storage', 'the disk is full');
    });
    const [zero] = await all(bytes);
    if (zero === undefined) throw new Error('one chunk');
    expect(await codeOf(() => chunks.add(zero))).toBe('storage');
    full = false;
    await chunks.add(zero);
    expect(chunks.wanted).toBe(1);
  });

  it('refuses any other chunk with a VaisError and goes on', async () => {
    const small = sample(3_000);
    const [right] = await all(small);
    if (right === undefined) throw new Error('one chunk');
    const chunk = fc.record({
      index: fc.constantFrom(0, 0, 0, 1, -1, Number.NaN),
      size: fc.constantFrom(3_000, 3_000, 0, 2 ** 40),
      checksum: fc.constantFrom(right.checksum, crc32('another')),
      compression: fc.constantFrom('none' as const, 'brotli' as const),
      data: fc.uint8Array({ maxLength: 100 }),
    });
    await fc.assert(
      fc.asyncProperty(chunk, async (wrong) => {
        const { chunks } = assembler(small);
        expect(['usage', 'image_invalid', 'digest_mismatch']).toContain(await codeOf(() => chunks.add(wrong)));
        await chunks.add(right);
        expect(chunks.complete).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
