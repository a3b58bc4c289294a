import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chunkSize } from '../../../artifact/transfer/chunk.ts';
import type { Image } from '../../runtime/harness.ts';
import { eventually, manifestOf, runningIn, Stock, type TestSession, Yard } from '../harness.ts';
import { chunksOf, offerOnly, sendChunks, taken, upload, wireChunk } from './upload-harness.ts';

const stock = new Stock();
let yard: Yard;
beforeAll(() => stock.build());
afterAll(() => stock.close());
beforeEach(() => {
  yard = new Yard();
});
afterEach(() => yard.close());

async function oneProgram() {
  const agent = await yard.agent();
  const program = await yard.program(stock.program, agent);
  await program.pass();
  yard.run(program);
  return { agent, program, session: await agent.session() };
}

const large = () => stock.image('e1', { PADDING: '1500000' });
const chunks = async () => chunksOf(readFileSync((await large()).path));
const uploads = () => readdir(join(yard.data, 'uploads'));

describe('an upload', () => {
  it('comes in chunks, and only once', async () => {
    const { agent, session } = await oneProgram();
    const push = await upload(session, await large());
    expect(await push.ended).toEqual({ kind: 'ack', version: 2, unchanged: false });
    const again = session.push(await large(), { inline: false });
    expect(await again.ended).toEqual({ kind: 'ack', version: 2, unchanged: true });
    expect(await runningIn(agent)).toEqual(['2 of 2']);
    expect(await uploads()).toEqual([]);
  });

  it('goes on beside others in the same session', async () => {
    const { session } = await oneProgram();
    const image = await stock.image('a1');
    const push = await upload(session, await large(), async () => {
      expect(await session.push(image).ended).toMatchObject({ kind: 'ack' });
    });
    expect(await push.ended).toMatchObject({ kind: 'ack' });
  });

  it.each([
    ['out of its turn', 'usage', { index: 1 }],
    ['before the start', 'usage', { index: -1 }],
    ['beyond the end', 'usage', { index: 1_000_000 }],
    ['of another size', 'image_invalid', { size: 17 }],
    ['that is empty', 'image_invalid', { data: Buffer.alloc(0) }],
    ['that is damaged', 'digest_mismatch', { data: randomBytes(chunkSize) }],
    ['that cannot be inflated', 'image_invalid', { compression: 'COMPRESSION_BROTLI' as const }],
    ['that is a bomb', 'image_invalid', { compression: 'COMPRESSION_BROTLI' as const, data: bomb() }],
  ])('is refused with a chunk %s: %s; the session goes on', async (_what, code, wrong) => {
    const { session } = await oneProgram();
    const [first] = await chunksOf(readFileSync((await large()).path), 'none');
    const { push } = await offerOnly(session, await large());
    if (first === undefined) throw new Error('no chunk');
    await session.raw.send({ chunk: { ...wireChunk(push.nonce, first), ...wrong } });
    expect(await push.ended).toMatchObject({ kind: 'nack', code, message: expect.stringContaining('chunk') });
    await session.raw.send({ chunk: { nonce: 4_711, index: 0, data: Buffer.alloc(10) } });
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ kind: 'ack' });
    expect((await readFile(join(yard.data, 'audit.log'), 'utf8')).match(/push_refused.*"code":"(\w+)"/)?.[1]).toBe(
      code,
    );
  });

  it('of other bytes than were announced is refused, and leaves nothing', async () => {
    const { session } = await oneProgram();
    const push = await upload(session, { ...(await large()), digest: 'e'.repeat(64) });
    expect(await push.ended).toMatchObject({ kind: 'nack', code: 'digest_mismatch' });
    await eventually(async () => (await uploads()).length === 0, 'what came is removed');
  });

  it('may be unfinished sixteen times in a session, and not more', async () => {
    const { session } = await oneProgram();
    const image = await large();
    const digests = Array.from({ length: 17 }, (_, index) => createHash('sha256').update(`${index}`).digest('hex'));
    const pushes = digests.map((digest) => session.push(image, { manifest: { digest }, inline: false }));
    expect(await pushes[16]?.ended).toMatchObject({ kind: 'nack', code: 'busy' });
    const other = await session.push(await stock.image('a1')).ended;
    expect(other).toMatchObject({ kind: 'ack' });
  });

  it('takes no bytes that no offer announced', async () => {
    const { session } = await oneProgram();
    await sendChunks(session, 99, await chunks());
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ kind: 'ack' });
    expect(await uploads()).toEqual([]);
  });
});

describe('an upload that was cut off', () => {
  /** Sends the first two of three chunks, and goes away. */
  async function cutOff(session: TestSession, image: Image): Promise<void> {
    const { push } = await offerOnly(session, image);
    await sendChunks(session, push.nonce, (await chunks()).slice(0, 2));
    await taken(session, push.nonce, 2);
    session.close();
  }

  it('goes on at the chunk where it was', async () => {
    const { agent, session } = await oneProgram();
    await cutOff(session, await large());
    const next = await agent.session();
    const { push, wanted } = await offerOnly(next, await large());
    expect(wanted).toBe(2);
    await sendChunks(next, push.nonce, (await chunks()).slice(wanted));
    expect(await push.ended).toMatchObject({ kind: 'ack', version: 2 });
  });

  it('goes on after a restart of the agent', async () => {
    const { agent, session } = await oneProgram();
    await cutOff(session, await large());
    await agent.close();
    const again = await yard.agent();
    await eventually(async () => (await runningIn(again)).length === 1, 'the program is back');
    const next = await again.session();
    const { push, wanted } = await offerOnly(next, await large());
    expect(wanted).toBe(2);
    await sendChunks(next, push.nonce, (await chunks()).slice(wanted));
    expect(await push.ended).toMatchObject({ kind: 'ack', version: 2 });
  });

  it('is taken over from a session that nobody has noticed to be dead', async () => {
    const { agent, session } = await oneProgram();
    const { push: stale } = await offerOnly(session, await large());
    await sendChunks(session, stale.nonce, (await chunks()).slice(0, 2));
    await taken(session, stale.nonce, 2);
    const next = await agent.session();
    const { push, wanted } = await offerOnly(next, await large());
    expect(wanted).toBe(2);
    expect(await stale.ended).toMatchObject({ kind: 'nack', code: 'superseded' });
    await sendChunks(next, push.nonce, (await chunks()).slice(wanted));
    expect(await push.ended).toMatchObject({ kind: 'ack', version: 2 });
  });

  it('begins at the chunk that was half written', async () => {
    const { agent, session } = await oneProgram();
    await cutOff(session, await large());
    await agent.close();
    const [name = ''] = await uploads();
    await truncate(join(yard.data, 'uploads', name), chunkSize + 1_000);
    const again = await yard.agent();
    await eventually(async () => (await runningIn(again)).length === 1, 'the program is back');
    const push = await upload(await again.session(), await large());
    expect(await push.ended).toMatchObject({ kind: 'ack', version: 2 });
  });

  it('begins anew, once, when what was there has been damaged', async () => {
    const { agent, session } = await oneProgram();
    await cutOff(session, await large());
    await agent.close();
    const [name = ''] = await uploads();
    const path = join(yard.data, 'uploads', name);
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(700) ^ 1, 700);
    await writeFile(path, bytes);
    const again = await yard.agent();
    await eventually(async () => (await runningIn(again)).length === 1, 'the program is back');
    const next = await again.session();
    const { push, wanted } = await offerOnly(next, await large());
    expect(wanted).toBe(2);
    await sendChunks(next, push.nonce, (await chunks()).slice(wanted));
    await next.heard.first(({ want }) => want?.nonce === push.nonce && want.chunk === 0, 'all of it to be wanted');
    await sendChunks(next, push.nonce, await chunks());
    expect(await push.ended).toMatchObject({ kind: 'ack', version: 2 });
  });

  it('is kept 32 times, the oldest making way', async () => {
    const { agent } = await oneProgram();
    const [first] = await chunks();
    if (first === undefined) throw new Error('no chunk');
    for (let index = 0; index < 36; index += 1) {
      const session = await agent.session();
      const digest = createHash('sha256').update(`${index}`).digest('hex');
      const { push } = await offerOnly(session, { ...(await large()), digest });
      await sendChunks(session, push.nonce, [first]);
      await taken(session, push.nonce, 1);
      session.close();
    }
    await eventually(async () => (await uploads()).length <= 32, 'the oldest are removed');
  });
});

describe('a large image', () => {
  it('does not hold up another push while it comes', async () => {
    const { agent, session } = await oneProgram();
    const path = join(yard.folder, 'large.so');
    const bytes = Buffer.concat([readFileSync((await stock.image('a1')).path), Buffer.alloc(24 << 20, 7)]);
    writeFileSync(path, bytes);
    const image = { ...(await stock.image('a1')), path, size: bytes.length, digest: sha256(bytes) };
    const { push } = await offerOnly(session, image);
    const parts = await chunksOf(bytes, 'none');
    await sendChunks(session, push.nonce, parts.slice(0, 8));
    await taken(session, push.nonce, 8);
    const other = await agent.session();
    const sending = sendChunks(session, push.nonce, parts.slice(8));
    expect(await other.push(await stock.image('a3')).ended).toMatchObject({ kind: 'ack', version: 2 });
    await sending;
    expect(await push.ended).toMatchObject({ kind: 'ack', version: 3 });
  });

  it('whose digest was announced is refused when it is over the limit, before a byte is taken', async () => {
    const agent = await yard.agent({ maxImageBytes: 1_000_000 });
    const session = await agent.session();
    const manifest = { ...manifestOf(await large()), size: 1_000_001 };
    await session.raw.send({ offer: { nonce: 1, manifest, image: Buffer.alloc(0), elapsedUs: 0 } });
    const { nack } = await session.heard.first(({ nack: each }) => each?.nonce === 1, 'it to be refused');
    expect(nack?.reason?.code).toBe('too_large');
    expect(existsSync(join(yard.data, 'uploads'))).toBe(true);
    expect(await uploads()).toEqual([]);
  });
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** 256 MiB of zeros, in some hundred bytes. */
function bomb(): Buffer {
  return brotliCompressSync(Buffer.alloc(256 << 20), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 24 },
  });
}
