import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeDelta } from '../../../artifact/delta/delta.ts';
import { digestOf } from '../../../common/digest.ts';
import type { Image } from '../../runtime/harness.ts';
import { historyOf, manifestOf, runningIn, Stock, said, type TestSession, Yard } from '../harness.ts';
import { chunksOf, sendChunks } from './upload-harness.ts';

const stock = new Stock();
let yard: Yard;
beforeAll(() => stock.build());
afterAll(() => stock.close());
beforeEach(() => {
  yard = new Yard();
});
afterEach(() => yard.close());

const bytesOf = ({ path }: Image): Buffer => readFileSync(path);
const small = (build: string) => stock.image(build);
const large = (build: string) => stock.image(`b${build.slice(1)}`, { PADDING: '1500000' });

async function running(image: Image) {
  const agent = await yard.agent();
  const program = await yard.program(stock.program, agent);
  await program.pass();
  yard.run(program);
  const session = await agent.session();
  expect(await session.push(image).ended).toMatchObject({ kind: 'ack', version: 2 });
  return { agent, session };
}

let nonce = 500;

/** Offers `next` with this delta inside, or with the base alone. Returns its number. */
async function offer(session: TestSession, next: Image, more: { delta?: Uint8Array; base?: string }): Promise<number> {
  nonce += 1;
  const delta = Buffer.from(more.delta ?? []);
  const offered = { nonce, manifest: manifestOf(next), image: Buffer.alloc(0), delta, base: more.base ?? '' };
  await session.raw.send({ offer: { ...offered, elapsedUs: 0 } });
  return nonce;
}

async function endOf(session: TestSession, number: number) {
  const { ack, nack } = await session.heard.first((each) => (each.ack ?? each.nack)?.nonce === number, 'the end');
  return ack ?? nack;
}

const wanted = async (session: TestSession, number: number) =>
  (await session.heard.first(({ want }) => want?.nonce === number, 'something to be wanted')).want;

function deltaOf(old: Image, next: Image): Buffer {
  const delta = encodeDelta(bytesOf(old), bytesOf(next));
  if (delta === undefined) throw new Error('the delta saves nothing');
  return Buffer.from(delta);
}

describe.each([
  ['small', small],
  ['large', large],
])('a delta of a %s library', (_size, make) => {
  it('inside the offer makes the image of the one that runs', async () => {
    const [old, next] = [await make('a1'), await make('a3')];
    const { agent, session } = await running(old);
    const delta = deltaOf(old, next);
    expect(delta.length).toBeLessThan(2_000);
    expect(await endOf(session, await offer(session, next, { delta }))).toMatchObject({ version: 3 });
    expect(digestOf(await readFile(join(yard.data, 'images', next.digest)))).toBe(next.digest);
    expect(await readdir(join(yard.data, 'uploads'))).toEqual([]);
    expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed', '3 confirmed *']);
  });

  it('is asked for when its base is what runs', async () => {
    const [old, next] = [await make('a1'), await make('a3')];
    const { session } = await running(old);
    const number = await offer(session, next, { base: old.digest });
    expect(await wanted(session, number)).toMatchObject({ delta: true });
    await session.raw.send({ delta: { nonce: number, delta: deltaOf(old, next) } });
    expect(await endOf(session, number)).toMatchObject({ version: 3 });
  });

  it('that is damaged is of no use: the image is wanted whole, once', async () => {
    const [old, next] = [await make('a1'), await make('a3')];
    const { agent, session } = await running(old);
    const delta = deltaOf(old, next);
    delta.writeUInt8(delta.readUInt8(delta.length - 20) ^ 0x55, delta.length - 20);
    const number = await offer(session, next, { delta });
    expect(await wanted(session, number)).toMatchObject({ delta: false, chunk: 0 });
    const { message } = (await said(agent, 'warning' as never)) as unknown as { message: string };
    expect(message).toContain('of no use');
    await session.raw.send({ delta: { nonce: number, delta } }); // No second one.
    await sendChunks(session, number, await chunksOf(bytesOf(next)));
    expect(await endOf(session, number)).toMatchObject({ version: 3 });
  });
});

describe('a delta', () => {
  it.each([
    ['of an image that is here and does not run', async () => deltaOf(await small('a1'), await small('c1'))],
    ['for another image than was announced', async () => deltaOf(await small('a3'), await small('a1'))],
    ['that is none', async () => Buffer.from('VD nonsense')],
  ])('%s is of no use', async (_what, make) => {
    const { agent, session } = await running(await small('a1'));
    expect(await session.push(await small('a3')).ended).toMatchObject({ version: 3 });
    const next = await small('c1');
    const number = await offer(session, next, { delta: await make() });
    expect(await wanted(session, number)).toMatchObject({ delta: false, chunk: 0 });
    await sendChunks(session, number, await chunksOf(bytesOf(next)));
    expect(await endOf(session, number)).toMatchObject({ version: 4 });
    expect(await runningIn(agent)).toEqual(['4 of 4']);
  });

  it.each([
    ['that does not run', 'e'.repeat(64)],
    ['that is a path', '../../etc/passwd'],
  ])('of a base %s is not asked for', async (_what, base) => {
    const { session } = await running(await small('a1'));
    const number = await offer(session, await small('a3'), { base });
    expect(await wanted(session, number)).toMatchObject({ delta: false, chunk: 0 });
  });

  it('that comes empty is none: the image is wanted whole', async () => {
    const old = await small('a1');
    const { session } = await running(old);
    const next = await small('a3');
    const number = await offer(session, next, { base: old.digest });
    expect(await wanted(session, number)).toMatchObject({ delta: true });
    await session.raw.send({ delta: { nonce: number, delta: Buffer.alloc(0) } });
    await session.heard.first(({ want }) => want?.nonce === number && !want.delta, 'the whole to be wanted');
    await sendChunks(session, number, await chunksOf(bytesOf(next)));
    expect(await endOf(session, number)).toMatchObject({ version: 3 });
  });
});
