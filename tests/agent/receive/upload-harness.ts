/** What tests of uploads share: a client that is as slow, rude or forgetful as the test wants. */
import { readFileSync } from 'node:fs';
import { type Chunk, encodeChunks } from '../../../artifact/transfer/chunk.ts';
import type { Chunk as WireChunk } from '../../../rpc/gen/vais/remote/v1/Chunk.ts';
import type { Image } from '../../runtime/harness.ts';
import type { OnItsWay, TestSession } from '../harness.ts';

/** The chunks of these bytes. */
export async function chunksOf(bytes: Uint8Array, effort: 'none' | 'quick' = 'quick'): Promise<Chunk[]> {
  const read = (offset: number, length: number): Uint8Array => bytes.subarray(offset, offset + length);
  const chunks: Chunk[] = [];
  for await (const chunk of encodeChunks({ size: bytes.length, read }, () => effort)) chunks.push(chunk);
  return chunks;
}

/** A chunk as it travels. */
export function wireChunk(nonce: number, { index, size, checksum, compression, data }: Chunk): WireChunk {
  const compressed = compression === 'brotli' ? 'COMPRESSION_BROTLI' : 'COMPRESSION_UNSPECIFIED';
  return { nonce, index, size, checksum, compression: compressed, data: Buffer.from(data) };
}

/** Offers without bytes, and waits until the agent says which chunk it wants first. */
export async function offerOnly(session: TestSession, image: Image): Promise<{ push: OnItsWay; wanted: number }> {
  const push = session.push(image, { inline: false });
  const { want } = await session.heard.first(({ want }) => want?.nonce === push.nonce, 'the agent to want it');
  return { push, wanted: want?.chunk ?? -1 };
}

/** Sends these chunks. */
export async function sendChunks(session: TestSession, nonce: number, chunks: readonly Chunk[]): Promise<void> {
  for (const chunk of chunks) await session.raw.send({ chunk: wireChunk(nonce, chunk) });
}

/** Waits until the agent has all chunks before this one on its disk. */
export async function taken(session: TestSession, nonce: number, chunk: number): Promise<void> {
  await session.heard.first(
    ({ taken: each }) => each?.nonce === nonce && each.chunk >= chunk,
    `chunk ${chunk} of ${nonce} to be taken`,
  );
}

/** Offers without bytes and hands over those that the agent wants. */
export async function upload(
  session: TestSession,
  image: Image,
  first: (nonce: number) => unknown = () => undefined,
): Promise<OnItsWay> {
  const { push, wanted } = await offerOnly(session, image);
  await first(push.nonce);
  const chunks = await chunksOf(readFileSync(image.path));
  await sendChunks(session, push.nonce, chunks.slice(wanted));
  return push;
}
