/** Modules that are pushed together swap together, or none of them does. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Manifest } from '../../../rpc/gen/vais/remote/v1/Manifest.ts';
import { buildImage, buildProgram, type Image, Program } from '../../runtime/harness.ts';
import { linked, type OnItsWay, Stock, said, type TestAgent, type TestSession, Yard } from '../harness.ts';

const names = ['left', 'right'] as const;
type Name = (typeof names)[number];
type Pair = Readonly<Record<Name, Image>>;

const stock = new Stock();
let built: string;
let yard: Yard;
let agent: TestAgent;
let session: TestSession;
let program: Program;
let groups = 0;
const images = new Map<string, Promise<Image>>();

function image(name: Name, stamp: number, more: Record<string, string> = {}, flags: string[] = []): Promise<Image> {
  const key = JSON.stringify([name, stamp, more, flags]);
  const made =
    images.get(key) ??
    buildImage(stock.folder, String(stamp), {
      source: `${name}.c`,
      defines: { HOT_IMAGE: '1', STAMP: String(stamp), HOT_BUILD: String(stamp).padStart(32, '0'), ...more },
      flags,
    });
  images.set(key, made);
  return made;
}

async function pair(stamp: number, right: Record<string, string> = {}): Promise<Pair> {
  return { left: await image('left', stamp), right: await image('right', stamp, right) };
}

beforeAll(async () => {
  const flags = ['-O1', `-DHOT_BUILD=${'1'.padStart(32, '0')}`];
  built = await buildProgram(stock.folder, { source: 'pair-program.c', name: 'pair', flags });
});
afterAll(() => stock.close());

beforeEach(async () => {
  yard = new Yard();
  agent = await yard.agent();
  program = await yard.program(built, agent);
  session = await agent.session();
});
afterEach(() => yard.close());

const push = (name: Name, one: Image, more: Partial<Manifest> = {}): OnItsWay =>
  session.push(one, { manifest: { program: 'pair', module: name, tier: 'TIER_OPTIMIZED', ...more } });

function pushPair(both: Pair): Readonly<Record<Name, OnItsWay>> {
  const more = { group: String(++groups).padStart(32, '0'), groupSize: 2 };
  return { left: push('left', both.left, more), right: push('right', both.right, more) };
}

async function endsOf({ left, right }: Readonly<Record<Name, OnItsWay>>) {
  return [await left.ended, await right.ended];
}

async function mixed(): Promise<string | undefined> {
  program.send('s');
  return (await program.take('counts'))['mixed'];
}

/** `version of desired`, of the left one and of the right one. */
async function running(): Promise<string[]> {
  const { programs } = await agent.client.getStatus(false);
  return programs
    .flatMap(({ modules }) => modules)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ version, desiredVersion }) => `${version} of ${desiredVersion}`);
}

async function history(name: Name): Promise<string[]> {
  const { entries } = await agent.client.listHistory('pair', name);
  return entries.map(
    ({ version, outcome, together }) =>
      `${version} ${outcome.replace('OUTCOME_', '').toLowerCase()}${together.map((each) => ` with ${each}`).join('')}`,
  );
}

const acked = (version: number) => [
  { kind: 'ack', version, unchanged: false },
  { kind: 'ack', version, unchanged: false },
];

describe('two modules of one push', () => {
  it('swap together, each time', async () => {
    for (let version = 2; version < 42; version += 1)
      expect(await endsOf(pushPair(await pair(2 + (version % 2))))).toEqual(acked(version));
    expect(await mixed()).toBe('0');
    expect((await history('left')).slice(0, 2)).toEqual(['1 confirmed', '2 confirmed with right']);
    expect((await history('right')).slice(0, 2)).toEqual(['1 confirmed', '2 confirmed with left']);
  });

  it('are both refused when one does not load, and the code is that of the one to blame', async () => {
    const [left, right] = await endsOf(pushPair(await pair(4, { HOT_BUILD: '0'.repeat(31) + 5 })));
    expect(right).toMatchObject({ kind: 'nack', code: 'image_invalid' });
    expect(left).toMatchObject({ kind: 'nack', code: 'image_invalid', message: /^refused with right: / });
    expect(await running()).toEqual(['1 of 1', '1 of 1']);
    expect(await endsOf(pushPair(await pair(2)))).toEqual(acked(2));
  });

  it('are both refused when the program refuses one', async () => {
    const bad = { left: await image('left', 4), right: await image('right', 4, { FOREIGN: '"nobody"' }) };
    const [left, right] = await endsOf(pushPair(bad));
    expect(right).toMatchObject({ kind: 'nack', running: 1, code: 'load_refused' });
    expect(left).toMatchObject({ kind: 'nack', running: 1, code: 'load_refused', message: /^refused with right: / });
    expect(await history('left')).toEqual(['1 confirmed', '0 refused with right']);
    expect(await endsOf(pushPair(await pair(2)))).toEqual(acked(2));
    expect(await mixed()).toBe('0');
  });

  it('both go back when one crashes', async () => {
    expect(await endsOf(pushPair(await pair(2)))).toEqual(acked(2));
    const [left, right] = await endsOf(pushPair(await pair(3, { FAIL: '16' })));
    expect(right).toMatchObject({ kind: 'nack', running: 2, code: 'reverted', message: /SIGSEGV in right_stamp/ });
    expect(left).toMatchObject({ kind: 'nack', running: 2, code: 'reverted', message: /right/ });
    expect(await running()).toEqual(['2 of 2', '2 of 2']);
    expect(await history('left')).toEqual(['1 confirmed', '2 confirmed with right', '3 reverted with right']);
    expect(await endsOf(pushPair(await pair(3)))).toEqual(acked(4));
  });

  it('both go back when the program dies before both have proved themselves', async () => {
    expect(await endsOf(pushPair(await pair(2)))).toEqual(acked(2));
    program.send('l'); // The right one proves itself by time alone: a second in which we can break it.
    const pushed = pushPair(await pair(3));
    await pushed.left.reached('swapped');
    program.kill();
    const ends = await endsOf(pushed);
    for (const end of ends) expect(end).toMatchObject({ kind: 'nack', code: 'reverted' });
    const next = await yard.program(built, agent);
    await said(agent, 'confirmed', { module: 'left', pid: next.pid });
    await said(agent, 'confirmed', { module: 'right', pid: next.pid });
    next.send('s');
    expect((await next.take('counts'))['mixed']).toBe('0');
    expect(await running()).toEqual(['2 of 2', '2 of 2']);
  });

  it('wait for each other, and both give way to something newer for one of them', async () => {
    program.send('h');
    await program.take('held');
    const first = pushPair(await pair(2));
    await first.right.reached('loaded');
    const newer = push('left', await image('left', 3));
    for (const end of await endsOf(first)) expect(end).toMatchObject({ kind: 'nack', code: 'superseded' });
    program.send('g');
    expect(await newer.ended).toMatchObject({ kind: 'ack', version: 2 });
    expect(await running()).toEqual(['2 of 2', '1 of 1']);
  });

  it('of many pairs only the last runs, and no two mix', async () => {
    program.send('h');
    await program.take('held');
    const all = [];
    for (let round = 0; round < 8; round += 1) all.push(pushPair(await pair(2 + (round % 2))));
    const last = all.pop();
    await last?.right.reached('loaded');
    program.send('g');
    for (const each of all)
      for (const end of await endsOf(each)) expect(end).toMatchObject({ kind: 'nack', code: 'superseded' });
    if (last !== undefined) expect(await endsOf(last)).toEqual(acked(2));
    expect(await mixed()).toBe('0');
  });

  it('of which one runs already: the other goes alone', async () => {
    expect(await push('left', await image('left', 2)).ended).toMatchObject({ version: 2 });
    expect(await endsOf(pushPair(await pair(2)))).toEqual([
      { kind: 'ack', version: 2, unchanged: true },
      { kind: 'ack', version: 2, unchanged: false },
    ]);
    expect(await history('right')).toEqual(['1 confirmed', '2 confirmed']);
  });

  it('come back together to a program that was started again, in each pass', async () => {
    expect(await endsOf(pushPair(await pair(2)))).toEqual(acked(2));
    for (let round = 0; round < 3; round += 1) {
      program.kill();
      await program.ended;
      const from = agent.notices.all.length;
      program = await yard.program(built, agent);
      await said(agent, 'confirmed', { module: 'left', pid: program.pid }, from);
      await said(agent, 'confirmed', { module: 'right', pid: program.pid }, from);
      expect(await mixed()).toBe('0');
    }
    expect(await running()).toEqual(['2 of 2', '2 of 2']);
  });

  it('that were on their way when the agent ended come to their end together', async () => {
    program.send('h');
    await program.take('held');
    const pushed = pushPair(await pair(2));
    await pushed.right.reached('loaded');
    await agent.close();
    agent = await yard.agent();
    await linked(agent, program.pid);
    program.send('g');
    await said(agent, 'confirmed', { module: 'left', version: 2 });
    await said(agent, 'confirmed', { module: 'right', version: 2 });
    expect(await mixed()).toBe('0');
    expect(await running()).toEqual(['2 of 2', '2 of 2']);
  });

  it('in two processes: a crash in one brings both modules back in both', async () => {
    const other = new Program(built, { link: yard.link, env: { VAIS_HOT_PROBATION_CALLS: '1' } });
    await linked(agent, other.pid);
    // Its threads have called both, and from then on never what crashes.
    for (let passes = 0; passes < 100; passes = Number((await other.take('counts'))['passes'])) other.send('s');
    other.send('l');
    other.send('s');
    await other.take('counts');
    const [left, right] = await endsOf(pushPair(await pair(3, { FAIL: '16' })));
    expect(right).toMatchObject({ kind: 'nack', code: 'reverted' });
    expect(left).toMatchObject({ kind: 'nack', code: 'reverted' });
    await said(agent, 'confirmed', { module: 'right', version: 1, pid: other.pid });
    expect(await running()).toEqual(['1 of 1', '1 of 1', '1 of 1', '1 of 1']);
    other.kill();
  });
});

describe('a group of which not all comes', () => {
  const more = { group: 'f'.repeat(32), groupSize: 2 };

  it('is refused as a whole when one of it is', async () => {
    const left = push('left', await image('left', 2), more);
    const right = push('right', await image('right', 2), { ...more, triple: 'aarch64-linux-gnu' });
    expect(await right.ended).toMatchObject({ code: 'wrong_platform' });
    expect(await left.ended).toMatchObject({ code: 'wrong_platform', message: /^refused with right: / });
    expect(await running()).toEqual(['1 of 1', '1 of 1']);
  });

  it('is refused when two of it do not fit each other', async () => {
    const left = push('left', await image('left', 2), more);
    const right = push('right', await image('right', 2), { ...more, groupSize: 3 });
    for (const each of [left, right])
      expect(await each.ended).toMatchObject({ code: 'usage', message: /a group of 2 modules, and right says 3/ });
    const again = { group: 'e'.repeat(32), groupSize: 3 };
    const twice = [push('left', await image('left', 2), again), push('left', await image('left', 2), again)];
    for (const each of twice) expect(await each.ended).toMatchObject({ code: 'usage', message: /left twice/ });
  });

  it('does not come about when the connection ends first', async () => {
    const left = push('left', await image('left', 2), more);
    await left.reached('checked');
    session.close();
    await said(agent, 'superseded', { module: 'left' });
    session = await agent.session();
    expect(await running()).toEqual(['1 of 1', '1 of 1']);
    expect(await endsOf(pushPair(await pair(2)))).toEqual(acked(2));
  });
});

describe('a group of which all has come', () => {
  it('comes about also when the connection ends before it is checked', async () => {
    const text = 'int usleep(unsigned); __attribute__((constructor)) static void slow(void) { usleep(2000000); }\n';
    const slow = await image('left', 2, {}, stock.source('slow.c', text));
    const both = pushPair({ left: slow, right: await image('right', 2) });
    for (const name of names) await both[name].reached('staged');
    session.close();
    const ticking = setInterval(() => program.send('.'), 5);
    try {
      for (const module of names) await said(agent, 'confirmed', { module });
    } finally {
      clearInterval(ticking);
    }
    expect(await running()).toEqual(['2 of 2', '2 of 2']);
  });
});
