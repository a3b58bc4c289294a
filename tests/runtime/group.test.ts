/** Modules that are pushed together swap together. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Agent, buildImage, buildProgram, type Image, makeFolder, Program, removeFolder } from './harness.ts';

const folder = makeFolder();
const link = join(folder, 'link.sock');
const names = ['left', 'right'] as const;
type Pair = Readonly<Record<(typeof names)[number], Image>>;
let built: string;
let pairs: Pair[];
let failing: Image;
let agent: Agent;
let program: Program;

async function module(name: string, stamp: number, more: Record<string, string> = {}): Promise<Image> {
  const HOT_BUILD = String(stamp).padStart(32, '0');
  const defines = { HOT_IMAGE: '1', STAMP: String(stamp), HOT_BUILD, ...more };
  return buildImage(folder, String(stamp), { source: `${name}.c`, defines });
}

beforeAll(async () => {
  mkdirSync(join(folder, 'run'));
  const flags = (process.env['VAIS_TEST_FLAGS'] ?? '-O2 -Wall -Wextra -Werror').split(' ');
  const build = `-DHOT_BUILD=${'1'.padStart(32, '0')}`;
  built = await buildProgram(folder, { source: 'pair-program.c', name: 'pair', flags: [...flags, build] });
  pairs = await Promise.all(
    [2, 3].map(async (stamp) => ({ left: await module('left', stamp), right: await module('right', stamp) })),
  );
  failing = await module('right', 9, { FAIL: '16' });
});

afterAll(() => removeFolder(folder));

beforeEach(async () => {
  agent = await Agent.listen(link);
  program = new Program(built, { link, env: { XDG_RUNTIME_DIR: join(folder, 'run') } });
  await agent.take('ready');
});

afterEach(async () => {
  program.kill();
  await program.ended;
  await agent.close();
});

function push(version: number, pair: Pair): string[] {
  const more = { group: `g${version}`, of: 2 };
  return names.map((name) => agent.load(version, pair[name], { ...more, module: name }));
}

async function mixed(): Promise<string | undefined> {
  program.send('s');
  return (await program.take('counts'))['mixed'];
}

describe('two modules', () => {
  it('swap together in each of two threads, 300 times', async () => {
    for (let version = 2; version < 302; version++) {
      for (const nonce of push(version, pairs[version % 2] as Pair)) await agent.take('confirmed', { nonce });
    }
    expect(await mixed()).toBe('0');
    await program.end();
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(program.stderr).toBe('');
  });

  it('are refused together', async () => {
    const bad = { ...(pairs[0] as Pair).right, digest: '0' };
    const [left, right] = push(2, { ...(pairs[0] as Pair), right: bad });
    await agent.take('loaded', { nonce: left ?? '' });
    expect((await agent.take('refused', { nonce: right ?? '' }))['code']).toBe('digest_mismatch');
    expect((await agent.take('refused', { nonce: left ?? '' }))['reason']).toMatch(/^refused with right: the bytes of/);
    for (const nonce of push(3, pairs[1] as Pair)) await agent.take('confirmed', { nonce });
    expect(await mixed()).toBe('0');
  });

  it('go back together when one fails in probation', async () => {
    for (const nonce of push(2, pairs[0] as Pair)) await agent.take('confirmed', { nonce });
    const [left, right] = push(3, { left: (pairs[1] as Pair).left, right: failing });
    await agent.take('reverted', { nonce: right ?? '', running: '2', signal: 'SIGSEGV' });
    await agent.take('reverted', { nonce: left ?? '', running: '2' });
    for (const nonce of push(4, pairs[1] as Pair)) await agent.take('confirmed', { nonce });
  });

  it('wait for the last, and are taken back together', async () => {
    const left = agent.load(2, (pairs[0] as Pair).left, { module: 'left', group: 'g', of: 2 });
    await agent.take('loaded', { nonce: left });
    agent.send('cancel', { module: 'left', nonce: left });
    await agent.take('superseded', { nonce: left });
    for (const nonce of push(3, pairs[1] as Pair)) await agent.take('confirmed', { nonce });
  });

  it('are taken back together while they wait for a safe point', async () => {
    program.send('h');
    await program.take('held');
    const [left, right] = push(2, pairs[0] as Pair);
    await agent.take('waiting', { nonce: right ?? '' });
    agent.send('cancel', { module: 'left', nonce: left ?? '' });
    await agent.take('superseded', { nonce: left ?? '' });
    await agent.take('superseded', { nonce: right ?? '' });
    program.send('g');
    for (const nonce of push(3, pairs[1] as Pair)) await agent.take('confirmed', { nonce });
    expect(await mixed()).toBe('0');
  });

  it('are confirmed together', async () => {
    program.kill();
    await program.ended;
    const env = { XDG_RUNTIME_DIR: join(folder, 'run'), VAIS_HOT_PROBATION_MS: '30000' };
    program = new Program(built, { link, env });
    await agent.take('ready');
    program.send('l'); // Only the left one is called from here on, so that the right one proves nothing by calls.
    const [left, right] = push(2, { left: (pairs[0] as Pair).left, right: failing });
    await agent.take('swapped', { nonce: right ?? '' });
    program.send('s'.repeat(20));
    for (let i = 0; i < 20; i++) await program.take('counts'); // Enough calls of the left one by now.
    program.send('b');
    await agent.take('reverted', { nonce: right ?? '', running: '1', signal: 'SIGSEGV' });
    await agent.take('reverted', { nonce: left ?? '', running: '1' });
  });

  it('are at most 16', async () => {
    const [left] = push(2, pairs[0] as Pair).map(String);
    await agent.take('confirmed', { nonce: left ?? '' });
    const nonce = agent.load(3, (pairs[1] as Pair).left, { module: 'left', group: 'big', of: 17 });
    expect((await agent.take('refused', { nonce }))['code']).toBe('usage');
  });
});
