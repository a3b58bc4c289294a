/** What an attacker can do with manifests, and with acts that somebody signed once. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readAudit } from '../../agent/trust/audit.ts';
import { Signer } from '../../cli/targets/signer.ts';
import { VaisError } from '../../common/error.ts';
import type { Manifest } from '../../rpc/gen/vais/remote/v1/Manifest.ts';
import type { RollbackRequest } from '../../rpc/gen/vais/remote/v1/RollbackRequest.ts';
import type { Signature } from '../../rpc/gen/vais/remote/v1/Signature.ts';
import { eventually, manifestOf, Stock } from '../agent/harness.ts';
import { type Developer, endOf, Fort, type Guarded, signed } from './harness.ts';

const stock = new Stock();
beforeAll(() => stock.build());
afterAll(() => stock.close());

let fort: Fort;
beforeEach(() => {
  fort = new Fort();
});
afterEach(async () => {
  vi.useRealTimers();
  await fort.close();
});

async function guardedGame(): Promise<{ agent: Guarded; ann: Developer }> {
  const agent = await fort.agent();
  await fort.program(stock.program, agent);
  return { agent, ann: await fort.developer(agent) };
}

async function auditOf(agent: Guarded): Promise<Record<string, unknown>[]> {
  const entries: Record<string, unknown>[] = [];
  const verdict = await readAudit(join(agent.data, 'audit.log'), (line) => entries.push(JSON.parse(line)));
  expect(verdict.kind).toBe('whole');
  return entries;
}

async function rollBack(developer: Developer, request: RollbackRequest): Promise<string> {
  try {
    for await (const { ack, nack } of developer.client().rollback(request, AbortSignal.timeout(20_000)))
      if (ack ?? nack) return ack ? `version ${ack.version}` : (nack?.reason?.code ?? '');
    return 'nothing';
  } catch (thrown) {
    return VaisError.from(thrown).code;
  }
}

describe('a signed push', () => {
  it('is taken, and so is the next', async () => {
    const { agent, ann } = await guardedGame();
    const session = await ann.session();
    expect(await ann.push(await stock.image('a1'), session)).toEqual({ kind: 'ack', version: 2, unchanged: false });
    expect(await ann.push(await stock.image('a2'), session)).toEqual({ kind: 'ack', version: 3, unchanged: false });
    const entries = (await auditOf(agent)).filter(({ event }) => String(event).startsWith('push'));
    expect(entries.map(({ event, developer, version }) => [event, developer, version])).toEqual([
      ['push_admitted', 'ann', undefined],
      ['push_confirmed', 'ann', 2],
      ['push_admitted', 'ann', undefined],
      ['push_confirmed', 'ann', 3],
    ]);
  });

  it('tells the loser of two at once whose came later, and the history who made which version', async () => {
    const agent = await fort.agent();
    const program = await fort.program(stock.program, agent, false);
    await program.pass();
    const [ann, bob] = [await fort.developer(agent), await fort.developer(agent, 'bob')];
    const session = await ann.session();
    // The program reaches no safe point yet, so the first one waits.
    const first = ann.push(await stock.image('a1'), session);
    await session.heard.first(({ progress }) => progress?.event?.detail === 'loaded', 'the first one is loaded');
    const second = bob.push(await stock.image('a2'));
    expect(await first).toMatchObject({
      code: 'superseded',
      message: 'a newer push of game by bob came before this one had swapped',
    });
    const given = await session.heard.first(({ progress }) => progress?.event?.detail === 'superseded', 'it is said');
    expect(given.progress?.event).toMatchObject({ developer: 'ann', superseded: { by: 'bob' } });
    fort.run(program);
    expect(await second).toMatchObject({ kind: 'ack' });
    const { entries } = await ann.client().listHistory('game', 'game');
    expect(entries.map(({ outcome, developer }) => [outcome, developer])).toEqual([
      ['OUTCOME_CONFIRMED', ''],
      ['OUTCOME_SUPERSEDED', 'ann'],
      ['OUTCOME_CONFIRMED', 'bob'],
    ]);
  });

  it('has to be signed, by somebody whom the agent knows, for this agent', async () => {
    const { agent, ann } = await guardedGame();
    const image = await stock.image('a1');
    const session = await ann.session();
    expect(await ann.offer(session, image, null)).toMatchObject({ code: 'signature_missing' });
    const elsewhere = await fort.agent({ data: 'other' });
    const stranger = await fort.developer(elsewhere, 'stranger');
    expect(await ann.offer(session, image, stranger.sign(image))).toMatchObject({ code: 'signature_invalid' });
    // Ann's own signature, for the other agent, with which she is paired as well.
    const there = await fort.pair(elsewhere.target, await fort.token(elsewhere), 'ann', ann.key);
    expect(await ann.offer(session, image, there.sign(image))).toMatchObject({
      code: 'signature_invalid',
      message: expect.stringContaining('for another agent'),
    });
    expect(await ann.push(image, session)).toMatchObject({ kind: 'ack', version: 2 });
    const codes = (await auditOf(agent)).filter(({ event }) => event === 'push_refused').map(({ code }) => code);
    expect(codes).toEqual(['signature_missing', 'signature_invalid', 'signature_invalid']);
  });

  it('counts for the programs of its developer only', async () => {
    const { agent } = await guardedGame();
    const bob = await fort.developer(agent, 'bob', ['other']);
    const image = await stock.image('a1');
    const session = await bob.session();
    expect(await bob.push(image, session)).toMatchObject({ code: 'not_permitted', message: /other.*not to game/ });
    const signature = bob.sign(image, { program: 'other' });
    expect(await bob.offer(session, image, signature)).toMatchObject({ code: 'signature_invalid' });
    expect(await bob.offer(session, image, signature, { program: 'other' })).toMatchObject({ code: 'no_such_program' });
  });

  it('does not cover what was changed in one field', async () => {
    const { ann } = await guardedGame();
    const [image, other] = [await stock.image('a1'), await stock.image('a2')];
    const session = await ann.session();
    const lies: Manifest[] = [
      { program: 'game2' },
      { module: 'other' },
      { triple: 'aarch64-linux-gnu' },
      { digest: other.digest },
      { size: other.size + 1 },
      { parentVersion: 7 },
      { tier: 'TIER_OPTIMIZED' },
      { tier: 'TIER_OPTIMIZED', refines: other.digest },
      { buildId: other.build },
      { group: 'a'.repeat(32), groupSize: 2 },
    ];
    for (const lie of lies)
      expect(await ann.offer(session, image, ann.sign(image), lie), JSON.stringify(lie)).toMatchObject({
        code: 'signature_invalid',
      });
    // An optimized build that is signed as a version of its own is none that takes another one's place.
    const optimized = { tier: 'TIER_OPTIMIZED' as const, refines: other.digest };
    expect(await ann.offer(session, image, ann.sign(image, { tier: 'optimized' }), optimized)).toMatchObject({
      code: 'signature_invalid',
    });
    // Nor does one that is signed for a group stand for itself, or belong to another or a smaller one.
    const grouped = { group: 'a'.repeat(32), groupSize: 3 };
    for (const lie of [{}, { group: 'b'.repeat(32), groupSize: 3 }, { group: 'a'.repeat(32), groupSize: 2 }])
      expect(await ann.offer(session, image, ann.sign(image, grouped), lie), JSON.stringify(lie)).toMatchObject({
        code: 'signature_invalid',
      });
    const flip = (hex: string): string => (hex.startsWith('0') ? '1' : '0') + hex.slice(1);
    const stamps: ((signature: Signature) => Signature)[] = [
      (it) => ({ ...it, sequence: Number(it.sequence) + 1 }),
      (it) => ({ ...it, nonce: flip(String(it.nonce)) }),
      (it) => ({ ...it, signedAtUnixMs: Number(it.signedAtUnixMs) + 1 }),
      (it) => ({ ...it, agentId: flip(String(it.agentId)) }),
      (it) => ({ ...it, keyId: flip(String(it.keyId)) }),
      (it) => ({ ...it, signature: randomBytes(64) }),
      (it) => ({ ...it, signature: Buffer.alloc(0) }),
      (it) => ({ ...it, signature: Buffer.alloc(1_000) }),
      (it) => ({ ...it, nonce: '../../etc/passwd' }),
      (it) => ({ ...it, sequence: 0 }),
    ];
    for (const [index, change] of stamps.entries())
      expect(await ann.offer(session, image, change(ann.sign(image))), `change ${index}`).toMatchObject({
        code: 'signature_invalid',
      });
    // Another image's bytes under a manifest that is signed: the digest says so.
    const nonce = 77;
    const offer = {
      nonce,
      manifest: wire(image),
      image: readFileSync(other.path),
      elapsedUs: 0,
      signature: ann.sign(image),
    };
    void session.raw.send({ offer });
    expect(await endOf(session, nonce)).toMatchObject({ code: 'digest_mismatch' });
    expect(await ann.push(image, session)).toMatchObject({ kind: 'ack', version: 2 });
  });

  it('does not work twice, nor after something newer, nor after a restart, nor with the clock set back', async () => {
    const { agent, ann } = await guardedGame();
    const [first, second] = [await stock.image('a1'), await stock.image('a2')];
    const session = await ann.session();
    const [old, held, recorded] = [ann.sign(first), ann.sign(first), ann.sign(second)];
    expect(await ann.offer(session, first, old)).toMatchObject({ kind: 'ack', version: 2 });
    expect(await ann.offer(session, first, old)).toMatchObject({ code: 'replayed' });
    expect(await ann.offer(session, second, recorded)).toMatchObject({ kind: 'ack', version: 3 });
    // A silent downgrade: what was signed before, and held back until now.
    expect(await ann.offer(session, first, held)).toMatchObject({ code: 'replayed' });
    await agent.close();

    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2027-06-01') });
    vi.setSystemTime(Date.now() - 400 * 86_400_000); // The agent's clock; the recorded acts are in its future now.
    const again = await fort.agent({ listen: agent.address });
    vi.useRealTimers();
    await again.notices.first(({ event }) => event === 'linked', 'the program to come back');
    const later = await ann.session();
    for (const [image, signature] of [
      [first, old],
      [first, held],
      [second, recorded],
    ] as const)
      expect(await ann.offer(later, image, signature)).toMatchObject({ code: 'replayed' });

    // The developer's clock is years behind: the agent says how far they were, and what they sign is newer.
    const { lastSequence } = await ann.client().getStatus(false);
    expect(lastSequence).toBeGreaterThan(Number(recorded.sequence));
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2021-01-01') });
    const behind = new Signer(ann.key, ann.identity.agentId);
    expect(behind.push(signed(first), { agentId: '', lastSequence: 0 }).sequence).toBeLessThan(lastSequence);
    const signature = behind.push(signed(first), { agentId: '', lastSequence });
    vi.useRealTimers();
    expect(await ann.offer(later, first, signature)).toMatchObject({ kind: 'ack', version: 4 });
  });
});

describe('a rollback', () => {
  it('is a new, signed act, and a new version', async () => {
    const { agent, ann } = await guardedGame();
    const [first, second] = [await stock.image('a1'), await stock.image('a2')];
    const session = await ann.session();
    await ann.push(first, session);
    await ann.push(second, session);
    const act = { program: 'game', module: 'game', version: 2, parentVersion: 3 };
    const state = { agentId: '', lastSequence: 0 };
    expect(await rollBack(ann, act)).toBe('signature_missing');
    const signature = ann.signer.rollback(act, state);
    expect(await rollBack(ann, { ...act, version: 1, signature })).toBe('signature_invalid');
    expect(await rollBack(ann, { ...act, signature })).toBe('version 4');
    expect(await rollBack(ann, { ...act, signature })).toBe('replayed');
    // Signed for what ran before that one: too late, and said so.
    expect(await rollBack(ann, { ...act, signature: ann.signer.rollback(act, state) })).toBe('superseded');
    // A signed push is no signed rollback, nor the other way round.
    expect(await rollBack(ann, { ...act, parentVersion: 4, signature: ann.sign(first) })).toBe('signature_invalid');
    const bob = await fort.developer(agent, 'bob', ['other']);
    const theirs = { ...act, parentVersion: 4 };
    expect(await rollBack(bob, { ...theirs, signature: bob.signer.rollback(theirs, state) })).toBe('not_permitted');
  });
});

describe('names and sizes from the wire', () => {
  it('are refused by name, and the agent goes on', async () => {
    const { ann } = await guardedGame();
    const image = await stock.image('a1');
    const session = await ann.session();
    for (const name of ['../game', '/etc/passwd', 'a\0b', '..', 'a\nb', 'x'.repeat(200), '']) {
      const signature = ann.sign(image, { program: name });
      expect(await ann.offer(session, image, signature, { program: name }), name).toMatchObject({ code: 'usage' });
      const other = ann.sign(image, { module: name });
      expect(await ann.offer(session, image, other, { module: name }), name).toMatchObject({ code: 'usage' });
    }
    // Ten million bytes are more than a message may have: the stream ends, and the next one works.
    await session.raw.send({ offer: { nonce: 1, manifest: { program: 'x'.repeat(10_000_000) } } });
    expect(await session.over).toMatchObject({ code: 'too_large' });
    const tooBig = { size: 17 * 1024 * 1024 };
    const next = await ann.session();
    expect(await ann.offer(next, image, ann.sign(image, tooBig), tooBig)).toMatchObject({ code: 'too_large' });
    expect(await ann.push(image, next)).toMatchObject({ kind: 'ack', version: 2 });
  });

  it('come at a limited rate, and on a limited number of streams', async () => {
    const { agent, ann } = await guardedGame();
    const image = await stock.image('a1');
    const session = await ann.session();
    for (let nonce = 1; nonce <= 1_000; nonce += 1)
      void session.raw.send({ offer: { nonce, manifest: manifestOf(image), image: Buffer.alloc(0), elapsedUs: 0 } });
    await session.heard.first(({ nack }) => nack?.reason?.code === 'rate_limited', 'the flood to be stemmed');
    ann.close();
    const bob = await fort.developer(agent, 'bob');
    const sessions = await Promise.all(Array.from({ length: 32 }, () => bob.session()));
    await expect(bob.client().session(AbortSignal.timeout(10_000)).responses().next()).rejects.toMatchObject({
      code: 'too_many',
    });
    for (const each of sessions) each.close();
    // Bob's flood has cost the others nothing, and bob himself only what he asked for.
    await eventually(
      () =>
        bob.session().then(
          () => true,
          () => false,
        ),
      'bob has room again',
    );
    expect(await bob.push(image)).toMatchObject({ kind: 'ack' });
  });
});

function wire(image: Parameters<typeof signed>[0]): Manifest {
  return { ...signed(image), tier: 'TIER_FAST' };
}
