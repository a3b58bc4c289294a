/** What is kept of old versions, and what is cleaned away. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Lineage } from '../../../agent/deliver/lineage.ts';
import { imagesOf, kept, trim } from '../../../agent/deliver/retention.ts';
import type { HistoryEntry } from '../../../agent/store/history-file.ts';
import { type Digest, digestOf } from '../../../common/digest.ts';
import type { Program } from '../../runtime/harness.ts';
import { eventually, historyOf, linked, Stock, type TestAgent, type TestSession, Yard } from '../harness.ts';
import { variantOf } from '../variants.ts';

describe('the policy', () => {
  const digest = (n: number): Digest => digestOf(String(n));
  const entries = fc.array(
    fc.record({
      outcome: fc.constantFrom('confirmed' as const, 'reverted' as const, 'refused' as const),
      image: fc.nat(6),
    }),
    { maxLength: 40 },
  );

  it('keeps what runs, what is desired, what a rollback wants, and the newest; and forgets no number', () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 10 }), (made, want, run, count) => {
        let version = 1;
        const all: HistoryEntry[] = [{ version: 1, outcome: 'confirmed', origin: 'start', buildId: 'b', at: 0 }];
        for (const { outcome, image } of made) {
          if (outcome !== 'refused') version += 1;
          const number = outcome === 'refused' ? 0 : version;
          all.push({
            version: number,
            outcome,
            origin: 'push',
            digest: digest(image),
            buildId: 'x',
            at: 0,
          });
        }
        const confirmed = all.filter(({ outcome }) => outcome === 'confirmed');
        const desired = confirmed[want % confirmed.length]?.version ?? 1;
        const lineage = new Lineage({ base: 'b', desired, entries: all });
        const running = new Set([1 + (run % version)]);
        const { next, before } = lineage;
        const images = new Set([...kept(lineage, count, running)].flatMap(imagesOf));
        trim(lineage, (each) => images.has(each));
        for (const needed of [lineage.desired, before, ...running, version]) {
          const entry = needed === undefined ? undefined : lineage.entry(needed);
          expect(entry?.cleaned).toBeUndefined();
        }
        expect(lineage.next).toBe(next);
        expect(lineage.before).toBe(before);
        expect(lineage.entries).toHaveLength(1 + made.length);
      }),
    );
  });

  it('forgets the oldest of a very long line, but none of the numbers, nor what it started with', () => {
    const all: HistoryEntry[] = [];
    for (let version = 1; version <= 1_500; version += 1)
      all.push({
        ...{ version, outcome: 'confirmed', origin: 'push', buildId: 'x', at: 0 },
        ...(version === 1 ? {} : { digest: digest(version) }),
      });
    const lineage = new Lineage({ base: 'b', desired: 1_500, entries: all });
    expect(trim(lineage, (each) => each === digest(1_500))).toBe(true);
    expect(lineage.entries).toHaveLength(1_000);
    expect(lineage.forgotten).toBe(501);
    expect(lineage.entries[0]?.version).toBe(1);
    expect(lineage.next).toBe(1_501);
  });
});

describe('an agent with --keep 3', () => {
  const stock = new Stock();
  let yard: Yard;
  let count = 0;
  beforeAll(() => stock.build());
  afterAll(() => stock.close());
  beforeEach(() => {
    yard = new Yard();
  });
  afterEach(() => yard.close());

  const images = async () => (await readdir(join(yard.data, 'images'))).sort();

  async function start(): Promise<{ agent: TestAgent; program: Program; session: TestSession }> {
    const agent = await yard.agent({ keep: 3 });
    const program = await yard.program(stock.program, agent);
    yard.run(program);
    return { agent, program, session: await agent.session() };
  }

  async function push(session: TestSession, times: number): Promise<Digest[]> {
    const digests: Digest[] = [];
    for (let time = 0; time < times; time += 1) {
      count += 1;
      const image = variantOf(await stock.image('a1'), count, yard.folder);
      expect(await session.push(image).ended).toMatchObject({ kind: 'ack' });
      digests.push(image.digest as Digest);
    }
    return digests;
  }

  it('keeps three images, says in the history which have gone, and rolls back to those that are there', async () => {
    const { agent, session } = await start();
    const digests = await push(session, 7);
    await eventually(async () => (await images()).length === 3, 'four images have gone');
    expect(await images()).toEqual(digests.slice(-3).sort());
    const { entries } = await agent.client.listHistory('game', 'game');
    expect(entries.map(({ cleaned }) => cleaned)).toEqual([false, true, true, true, true, false, false, false]);
    const rollback = async (version: number) => {
      const answers = agent.client.rollback({ program: 'game', module: 'game', version }, AbortSignal.timeout(20_000));
      for await (const { ack, nack } of answers) {
        if (ack) return ack.version;
        if (nack) return nack.reason?.message;
      }
      return undefined;
    };
    expect(await rollback(3)).toBe('version 3 of game was cleaned away: its image is not kept any more');
    expect(await rollback(33)).toBe('game has had no version 33');
    expect(await rollback(6)).toBe(9);
    expect(await rollback(1)).toBe(10); // What the program carries inside is always there.
    const { storage } = await agent.client.getStatus(false);
    expect(storage).toMatchObject({ keep: 3, quarantined: [], faults: [] });
    expect(storage?.imageBytes).toBeGreaterThan(10_000);
    expect(storage?.freeBytes).toBeGreaterThan(0);
  });

  it('keeps what an instance still runs, also of another build of the program', async () => {
    const { agent, session } = await start();
    const other = await yard.program(stock.rebuilt, agent, { VAIS_HOT_NAME: 'other' });
    yard.run(other);
    const [theirs] = await push(session, 1);
    const image = variantOf(await stock.image('a1'), 5_000, yard.folder);
    expect(await session.push(image, { manifest: { program: 'other' } }).ended).toMatchObject({ kind: 'ack' });
    const ours = await push(session, 5);
    await eventually(async () => (await images()).length === 4, 'two have gone');
    expect(await images()).not.toContain(theirs);
    expect(await images()).toEqual([image.digest, ...ours.slice(-3)].sort());
  });

  it('cleans away at its start what a kill has left, and nothing while a history is set aside', async () => {
    const first = await start();
    const digests = await push(first.session, 2);
    await first.agent.close();
    const left = Buffer.from('an image that nobody names');
    await writeFile(join(yard.data, 'images', digestOf(left)), left);
    const [history = ''] = (await readdir(join(yard.data, 'history'))).filter((name) => name.endsWith('.json'));
    await mkdir(join(yard.data, 'quarantine'));
    await writeFile(join(yard.data, 'quarantine', history), 'x');
    await writeFile(
      join(yard.data, 'quarantine', `${history}.why.json`),
      JSON.stringify({ file: `history/${history}` }),
    );
    const second = await yard.agent({ keep: 3 });
    await linked(second, first.program.pid);
    await push(await second.session(), 3);
    expect((await images()).length).toBe(6);
    await second.close();
    await rm(join(yard.data, 'quarantine'), { recursive: true });
    await yard.agent({ keep: 3 });
    await eventually(async () => (await images()).length === 3, 'all but three have gone');
    expect(await images()).not.toContain(digests[0]);
  });

  it('says it when the image of what shall run is damaged, and what to do; then it is there again', async () => {
    const { agent, program, session } = await start();
    const image = await stock.image('d1');
    expect(await session.push(image).ended).toMatchObject({ kind: 'ack', version: 2 });
    await agent.close();
    await writeFile(join(yard.data, 'images', image.digest), 'x');
    const next = await yard.agent({ keep: 3 });
    await linked(next, program.pid);
    const faults = async () => (await next.client.getStatus(false)).storage?.faults ?? [];
    await eventually(async () => (await faults()).length > 0, 'it is said');
    expect(await faults()).toEqual([expect.stringMatching(/game\/game shall run \(version 2\).*Push it again$/)]);
    expect(await (await next.session()).push(image).ended).toEqual({ kind: 'ack', version: 2, unchanged: true });
    await eventually(async () => (await faults()).length === 0, 'it is over');
    expect(await images()).toEqual([image.digest]);
  });

  it('goes on taking pushes where nothing can be cleaned away, and says so', async () => {
    const { agent, session } = await start();
    await push(session, 2);
    const foreign = join(yard.data, 'history', `${'0'.repeat(32)}.json`);
    await mkdir(foreign); // Cannot be read, so nobody knows what it names.
    await push(session, 3);
    await eventually(
      async () => (await agent.client.getStatus(false)).storage?.faults.join().includes('cannot be cleaned') === true,
      'it is said',
    );
    expect((await images()).length).toBe(5);
    await rm(foreign, { recursive: true });
    await push(session, 1);
    await eventually(async () => (await images()).length === 3, 'it is cleaned');
    expect((await agent.client.getStatus(false)).storage?.faults).toEqual([]);
  });

  it('makes room within --max-disk from old versions before it refuses a push', async () => {
    const size = (await readFile((await stock.image('a1')).path)).length;
    const agent = await yard.agent({ keep: 20, maxDiskBytes: Math.floor(size * 3.5) });
    const program = await yard.program(stock.program, agent);
    yard.run(program);
    const session = await agent.session();
    await push(session, 8);
    expect((await images()).length).toBeLessThanOrEqual(3);
    expect((await historyOf(agent)).at(-1)).toBe('9 confirmed *');
  });
});
