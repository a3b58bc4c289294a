import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Image } from '../../runtime/harness.ts';
import { historyOf, linked, runningIn, Stock, said, type TestAgent, type TestSession, Yard } from '../harness.ts';

const stock = new Stock();
beforeAll(() => stock.build());
afterAll(() => stock.close());

let yard: Yard;
let agent: TestAgent;
let session: TestSession;
beforeEach(async () => {
  yard = new Yard();
  agent = await yard.agent();
  session = await agent.session();
});
afterEach(() => yard.close());

async function running() {
  const program = await yard.program(stock.program, agent);
  await program.pass();
  yard.run(program);
  return program;
}

/** Pushes an image as the optimized build of another one. */
const refine = (image: Image, fast: Image) =>
  session.push(image, { manifest: { tier: 'TIER_OPTIMIZED', refines: fast.digest } });
const optimized = (build: string, defines: Readonly<Record<string, string>> = {}) =>
  stock.image(build, { TIER: 'optimized', ...defines });

async function digests(): Promise<string[]> {
  const { programs } = await agent.client.getStatus(false);
  return programs.flatMap(({ modules }) => modules.map(({ digest }) => digest));
}

it('takes the place of the fast build in its version', async () => {
  const program = await running();
  const [fast, second] = [await stock.image('e1'), await optimized('e2')];
  expect(await session.push(fast).ended).toEqual({ kind: 'ack', version: 2, unchanged: false });
  expect(await refine(second, fast).ended).toEqual({ kind: 'ack', version: 2, unchanged: false });
  expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed *']);
  expect((await agent.client.listHistory('game', 'game')).entries[1]).toMatchObject({
    ...{ digest: second.digest, tier: 'TIER_OPTIMIZED', fastDigest: fast.digest },
  });
  expect(await digests()).toEqual([second.digest]);
  // Both are this version by now.
  for (const again of [session.push(fast), refine(second, fast)])
    expect(await again.ended).toEqual({ kind: 'ack', version: 2, unchanged: true });
  yard.stop(program);
  expect(await program.pass()).toMatchObject({ version: '2' });
  // One that joins gets the better build, after a restart of the agent as well.
  await agent.close();
  agent = await yard.agent();
  await linked(agent, program.pid);
  const late = await running();
  await said(agent, 'confirmed', { pid: late.pid, version: 2, digest: second.digest });
  expect(await digests()).toEqual([second.digest, second.digest]);
});

it('that fails falls back to the fast build, and the version stands', async () => {
  const program = await running();
  const fast = await stock.image('e1');
  expect(await session.push(fast).ended).toMatchObject({ version: 2 });
  const bad = refine(await optimized('e3', { FAIL: 'fail_segv' }), fast);
  expect(await bad.ended).toMatchObject({ kind: 'nack', code: 'reverted', running: 2 });
  expect(await digests()).toEqual([fast.digest]);
  const refused = refine(await optimized('e4', { FOREIGN: '"nobody"' }), fast);
  expect(await refused.ended).toMatchObject({ kind: 'nack', code: 'load_refused', running: 2 });
  expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed *']);
  expect(await runningIn(agent)).toEqual(['2 of 2']);
  expect(await refine(await optimized('e2'), fast).ended).toMatchObject({ kind: 'ack', version: 2 });
  yard.stop(program);
  expect(await program.pass()).toMatchObject({ version: '2' });
});

it('that fails after it was confirmed is a failure of the version: the one before runs', async () => {
  const program = await running();
  expect(await session.push(await stock.image('a1')).ended).toMatchObject({ version: 2 });
  const fast = await stock.image('e1');
  expect(await session.push(fast).ended).toMatchObject({ version: 3 });
  const late = refine(await optimized('e5', { FAIL: 'fail_segv', FAIL_AT: '2000' }), fast);
  expect(await late.ended).toMatchObject({ kind: 'ack', version: 3 });
  program.send('.'.repeat(2_500));
  await late.reached('reverted');
  expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed *', '3 reverted']);
  yard.stop(program);
  expect(await program.pass()).toMatchObject({ version: '2' });
});

it('of what does not run any more is superseded, and makes nothing give way', async () => {
  await running();
  const [fast, newer] = [await stock.image('e1'), await stock.image('a1')];
  expect(await session.push(fast).ended).toMatchObject({ version: 2 });
  expect(await session.push(newer).ended).toMatchObject({ version: 3 });
  const stale = refine(await optimized('e2'), fast);
  expect(await stale.ended).toMatchObject({ kind: 'nack', code: 'superseded', running: 3 });
  expect(stale.stages().at(-1)).toBe('superseded');
  expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed', '3 confirmed *']);
});

it('gives way to a newer push while it waits for a safe point', async () => {
  const program = await running();
  const fast = await stock.image('e1');
  expect(await session.push(fast).ended).toMatchObject({ version: 2 });
  yard.stop(program);
  await program.pass();
  const second = refine(await optimized('e2'), fast);
  await second.reached('loaded');
  const newer = session.push(await stock.image('a1'));
  expect(await second.ended).toMatchObject({ kind: 'nack', code: 'superseded' });
  yard.run(program);
  expect(await newer.ended).toMatchObject({ kind: 'ack', version: 3 });
  expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed', '3 confirmed *']);
});
