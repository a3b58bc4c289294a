import { execFileSync } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseTarget } from '../../../rpc/address.ts';
import { AgentClient } from '../../../rpc/client.ts';
import { eventually, historyOf, manifestOf, runningIn, Stock, said, type TestSession, Yard } from '../harness.ts';

const stock = new Stock();
beforeAll(() => stock.build());
afterAll(() => stock.close());

/** Whether this is a place where a test may mount a small file system. */
function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'vm-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(folder);
  }
}

let yard: Yard;
beforeEach(() => {
  yard = new Yard();
});
afterEach(() => yard.close());

async function oneProgram(more: { maxImageBytes?: number } = {}) {
  const agent = await yard.agent(more);
  const program = await yard.program(stock.program, agent);
  await program.pass();
  yard.run(program);
  return { agent, program, session: await agent.session() };
}

describe('a push', () => {
  it('reaches its stages in order', async () => {
    const { session } = await oneProgram();
    const push = session.push(await stock.image('a1'));
    expect(await push.ended).toEqual({ kind: 'ack', version: 2, unchanged: false });
    expect(push.stages()).toEqual([
      'received',
      'verified',
      'staged',
      'checked',
      'delivered',
      'loaded',
      'swapped',
      'confirmed',
    ]);
  });

  it.each([
    ['by its contract', 'contract_changed', { TYPE: '"fn(*GameState) -> i64"' }, [], /update_game/],
    ['for another module', 'image_invalid', { MODULE: '"other"' }, [], /module/],
    ['for a missing symbol', 'check_failed', { MISSING_SYMBOL: '1' }, [], /nobody_has_this/],
    ['for a constructor that crashes', 'check_failed', {}, ['__builtin_trap();'], /SIGILL/],
    ['by the program', 'load_refused', { FOREIGN: '"nobody"' }, [], /nobody/],
  ])('is refused %s, and the program runs on', async (what, code, defines, body, message) => {
    const { agent, program, session } = await oneProgram();
    const [crash] = body;
    const build = String(5000 + [...what].reduce((sum, char) => sum + char.charCodeAt(0), 0)).slice(-4);
    const flags =
      crash === undefined
        ? []
        : stock.source('crash.c', `__attribute__((constructor)) static void die(void) { ${crash} }`);
    const ended = await session.push(await stock.image(build, defines, flags)).ended;
    expect(ended).toMatchObject({ kind: 'nack', running: 1, code, message: expect.stringMatching(message) });
    yard.stop(program);
    expect(await program.pass()).toMatchObject({ version: '1' });
    expect(await runningIn(agent)).toEqual(['1 of 1']);
  });

  it('is refused when the manifest is not true of the image', async () => {
    const { session } = await oneProgram();
    const image = await stock.image('a1');
    const send = (manifest: Parameters<TestSession['push']>[1]) => session.push(image, manifest).ended;
    const digest = 'f'.repeat(64);
    expect(await send({ manifest: { digest } })).toMatchObject({ code: 'digest_mismatch' });
    expect(await send({ manifest: { size: image.size + 1 } })).toMatchObject({ code: 'digest_mismatch' });
    expect(await send({ manifest: { buildId: '1'.repeat(32) } })).toMatchObject({ code: 'image_invalid' });
    expect(await send({ manifest: { tier: 'TIER_OPTIMIZED' } })).toMatchObject({ code: 'image_invalid' });
    expect(await send({ manifest: { triple: 'aarch64-linux-gnu' } })).toMatchObject({ code: 'wrong_platform' });
    expect(await send({ manifest: { triple: 'pdp11-unix' } })).toMatchObject({ code: 'wrong_platform' });
    expect(await send({ manifest: { program: 'nobody' } })).toMatchObject({ code: 'no_such_program' });
    expect(await send({ manifest: { module: 'nothing' } })).toMatchObject({ kind: 'nack' });
    expect(await send({})).toMatchObject({ kind: 'ack', version: 2 });
  });

  it.each([
    ['digest', { digest: '../../etc/passwd' }],
    ['digest', { digest: '' }],
    ['program', { program: '../x' }],
    ['program', { program: 'a\0b' }],
    ['program', { program: 'x'.repeat(1_000_000) }],
    ['module', { module: '/etc/passwd' }],
    ['module', { module: '' }],
    ['size', { size: -1 }],
    ['buildId', { buildId: '../' }],
    ['tier', { tier: 'TIER_UNSPECIFIED' as const }],
  ])('is refused when the manifest has no valid %s: %j', async (_field, manifest) => {
    const agent = await yard.agent();
    const session = await agent.session();
    const ended = await session.push(await stock.image('a1'), { manifest }).ended;
    expect(ended).toMatchObject({ kind: 'nack', code: 'usage' });
    expect((await historyOf(agent).catch((thrown: Error) => [thrown.message])).join()).toMatch(/no program/);
  });

  it('is refused when it is too large, and its message when that is', async () => {
    const { agent, session } = await oneProgram({ maxImageBytes: 10_000 });
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ code: 'too_large' });
    const huge = manifestOf(await stock.image('a1'));
    await session.raw.send({ offer: { nonce: 9, manifest: { ...huge, program: 'x'.repeat(10_000_000) } } });
    expect(await session.over).toMatchObject({ code: 'too_large' });
    expect(await runningIn(agent)).toEqual(['1 of 1']);
  });
});

describe('a session', () => {
  it('begins with open', async () => {
    const { agent } = await oneProgram();
    const session = await agent.session();
    const mute = agent.client.session(AbortSignal.timeout(10_000));
    await mute.send({ chunk: { nonce: 1, index: 0, data: Buffer.alloc(1) } });
    await expect(mute.responses().next()).rejects.toMatchObject({ code: 'usage' });
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ kind: 'ack' });
  });

  it('of a thousand that say nothing costs the others nothing', async () => {
    const { agent, session } = await oneProgram();
    const flood = new AgentClient(parseTarget(agent.address));
    const ends = new AbortController();
    setMaxListeners(0, ends.signal);
    const sessions = Array.from({ length: 1_000 }, () => flood.session(ends.signal));
    const over = sessions.map((each) =>
      each
        .responses()
        .next()
        .catch(() => undefined),
    );
    for (const build of ['a1', 'a3', 'c1'])
      expect(await session.push(await stock.image(build)).ended).toMatchObject({ kind: 'ack' });
    ends.abort();
    await Promise.all(over);
    flood.close();
  });

  it('goes on after a watcher of events that never reads, and that one is let go', async () => {
    const { agent, session } = await oneProgram();
    // Not by gRPC's client, which takes in what nobody asks it for.
    const line = connect(`http://${agent.address}`);
    const path = '/vais.remote.v1.AgentService/WatchEvents';
    const deaf = line.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
    deaf.end(Buffer.alloc(5)); // An empty message.
    const trailers = once(deaf, 'trailers'); // Behind what is not read yet.
    const image = await stock.image('a1');
    // Each is two events, and none has more than a byte.
    for (let nonce = 1_000; nonce < 3_000; nonce += 1)
      await session.raw.send({ offer: { nonce, manifest: manifestOf(image), image: Buffer.from('x'), elapsedUs: 0 } });
    expect(await session.push(image).ended).toMatchObject({ kind: 'ack', version: 2 });
    deaf.resume();
    expect((await trailers)[0]).toMatchObject({
      'grpc-status': '10',
      'grpc-message': expect.stringContaining('not%20read'),
    });
    line.close();
  });

  it('that is cut after its push was received leaves the push to go on', async () => {
    const { agent, program, session } = await oneProgram();
    yard.stop(program);
    await program.pass();
    const push = session.push(await stock.image('a1'));
    await push.reached('loaded');
    session.close();
    yard.run(program);
    await said(agent, 'confirmed', { version: 2 });
    expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed *']);
  });

  it('asks for a history by names that are none, or long, or many: nothing is kept of them', async () => {
    const { agent } = await oneProgram();
    const ask = (program: string, module = 'game') => agent.client.listHistory(program, module);
    await expect(ask('../x')).rejects.toMatchObject({ code: 'no_such_program' });
    await expect(ask('x'.repeat(1_000_000))).rejects.toMatchObject({ code: 'no_such_program' });
    await expect(ask('game', 'y'.repeat(1_000_000))).rejects.toMatchObject({ code: 'no_such_module' });
    await expect(ask('nobody')).rejects.toMatchObject({ code: 'no_such_program' });
    expect((await ask('', '')).program).toBe('game');
  });
});

describe('a disk that cannot be written', () => {
  /** Puts a file where the agent has a folder. */
  async function obstruct(folder: string): Promise<() => Promise<void>> {
    const aside = join(await mkdtemp(join(yard.folder, 'aside-')), 'it');
    await rename(folder, aside);
    await writeFile(folder, '');
    return async () => {
      await rm(folder);
      await rename(aside, folder);
    };
  }

  it('for images: the push is refused, the program runs on, and the next push goes through', async () => {
    const { agent, session } = await oneProgram();
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ version: 2 });
    const clear = await obstruct(join(yard.data, 'images'));
    expect(await session.push(await stock.image('a3')).ended).toMatchObject({
      kind: 'nack',
      running: 2,
      code: 'storage',
    });
    await clear();
    expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed *']);
    expect(await session.push(await stock.image('a3')).ended).toMatchObject({ kind: 'ack', version: 3 });
  });

  it('for the history before the order: the version never runs', async () => {
    const { agent, session } = await oneProgram();
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ version: 2 });
    const clear = await obstruct(join(yard.data, 'history'));
    expect(await session.push(await stock.image('a3')).ended).toMatchObject({
      kind: 'nack',
      running: 2,
      code: 'storage',
    });
    await clear();
    expect(await runningIn(agent)).toEqual(['2 of 2']);
    expect(await session.push(await stock.image('c1')).ended).toMatchObject({ kind: 'ack', version: 3 });
    expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed', '0 refused', '3 confirmed *']);
  });

  it('for the history before it is confirmed: the old version comes back, and nothing is lost', async () => {
    const { agent, program, session } = await oneProgram();
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ version: 2 });
    yard.stop(program);
    await program.pass();
    const push = session.push(await stock.image('a3'));
    await push.reached('loaded');
    const clear = await obstruct(join(yard.data, 'history'));
    yard.run(program);
    expect(await push.ended).toMatchObject({ kind: 'nack', code: 'storage' });
    await said(agent, 'confirmed', { version: 2, origin: 'restore' });
    await clear();
    expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed *', '3 reverted']);
    expect(await session.push(await stock.image('c1')).ended).toMatchObject({ kind: 'ack', version: 4 });
    await agent.close();
    const next = await yard.agent();
    await eventually(async () => (await runningIn(next))[0] === '4 of 4', 'the program is back');
    expect(await historyOf(next)).toEqual(['1 confirmed', '2 confirmed', '3 reverted', '4 confirmed *']);
  });

  it.skipIf(!canMount())(
    'that is full: a clear error, nothing is lost, and it goes on when there is room',
    async () => {
      await mkdir(yard.data, { mode: 0o700 });
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=700', 'tmpfs', yard.data]);
      try {
        const { agent, program, session } = await oneProgram();
        expect(await session.push(await stock.image('a1')).ended).toMatchObject({ version: 2 });
        const ballast = join(yard.data, 'ballast');
        const fill = () => writeFile(ballast, Buffer.alloc(1_000_000)).catch(() => undefined);
        await fill();
        const full = { kind: 'nack', running: 2, code: 'storage', message: expect.stringMatching(/ENOSPC/) };
        expect(await session.push(await stock.image('a3')).ended).toMatchObject(full);
        await rm(ballast);
        yard.stop(program);
        await program.pass();
        const push = session.push(await stock.image('a3'));
        await push.reached('loaded');
        await fill();
        yard.run(program);
        expect(await push.ended).toMatchObject({ kind: 'nack', code: 'storage' });
        await said(agent, 'confirmed', { version: 2, origin: 'restore' });
        await rm(ballast);
        expect(await session.push(await stock.image('c1')).ended).toMatchObject({ kind: 'ack', version: 4 });
        await agent.close();
        const next = await yard.agent();
        await eventually(async () => (await runningIn(next))[0] === '4 of 4', 'the program is back');
        expect(await historyOf(next)).toEqual(['1 confirmed', '2 confirmed', '3 reverted', '4 confirmed *']);
        await next.close();
      } finally {
        execFileSync('umount', ['--lazy', yard.data]);
      }
    },
  );

  it('at start: says which folder', async () => {
    const file = join(yard.folder, 'file');
    await writeFile(file, '');
    const refused = { code: 'storage', message: expect.stringContaining(file) };
    await expect(yard.agent({ data: file })).rejects.toMatchObject(refused);
    await expect(yard.agent({ data: join(file, 'below') })).rejects.toMatchObject(refused);
    const folder = join(yard.folder, 'half');
    await mkdir(folder, { mode: 0o700 });
    await writeFile(join(folder, 'history'), '');
    await expect(yard.agent({ data: folder })).rejects.toMatchObject({ code: 'storage' });
    await rm(join(folder, 'history'));
    await chmod(folder, 0o700);
    await (await yard.agent({ data: folder })).close();
  });
});
