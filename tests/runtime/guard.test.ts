/** New code that fails: the call is undone, the version before makes it, and the report says what and where. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  Agent,
  buildImage,
  buildProgram,
  hasTool,
  type Image,
  makeFolder,
  Program,
  removeFolder,
  until,
} from './harness.ts';

const folder = makeFolder();
const link = join(folder, 'link.sock');
const crashes = Number(process.env['VAIS_TEST_CRASHES'] ?? 90);
const hangs = Number(process.env['VAIS_TEST_HANGS'] ?? 5);
const kinds: Record<string, string> = {
  fail_segv: 'SIGSEGV',
  fail_wild: 'SIGSEGV',
  fail_call: 'SIGSEGV',
  fail_bus: 'SIGBUS',
  fail_fpe: 'SIGFPE',
  fail_ill: 'SIGILL',
  fail_abort: 'SIGABRT',
  fail_overflow: 'SIGSEGV',
  fail_print: 'SIGSEGV',
};
let built: string;
let good: Image;
let failing: Promise<Image>;
let agent: Agent;
let program: Program;

function bad(kind: string, more: Record<string, string> = {}): Promise<Image> {
  return buildImage(folder, '0666', { defines: { FAIL: kind, STEP: '100', ...more } });
}

beforeAll(async () => {
  [built, good] = await Promise.all([buildProgram(folder), buildImage(folder, '0010')]);
  mkdirSync(join(folder, 'run'));
  failing = bad('fail_segv');
  await failing;
});

afterAll(() => removeFolder(folder));

async function start(env: Record<string, string> = {}): Promise<void> {
  agent = await Agent.listen(link);
  program = new Program(built, {
    link,
    env: { XDG_RUNTIME_DIR: join(folder, 'run'), VAIS_HOT_PROBATION_CALLS: '3', VAIS_HOT_DEADLINE: '100', ...env },
  });
  await agent.take('ready');
  await program.pass();
}

afterEach(async () => {
  program.kill();
  await program.ended;
  await agent.close();
});

/** What was said of a load and not yet taken, in its order. */
function said(nonce: string): string[] {
  return agent.lines.all.filter((line) => line['nonce'] === nonce).map((line) => line.verb);
}

async function push(version: number, image: Image): Promise<void> {
  const nonce = agent.load(version, image);
  await agent.take('loaded', { nonce });
  program.send('.');
  await agent.take('swapped', { nonce });
  program.send('...');
  await agent.take('confirmed', { nonce });
}

describe('in probation', () => {
  beforeEach(() => start());

  it.each(Object.entries(kinds))('%s is undone, and version 1 makes the same call', async (kind, signal) => {
    const nonce = agent.load(2, await bad(kind));
    await agent.take('loaded', { nonce });
    const pass = await program.pass();
    expect(pass).toMatchObject({ status: '1', version: '1', x: '2', y: '0', score: '102', result: '1' });
    const reverted = await agent.take('reverted', { nonce });
    await agent.take('swapped', { nonce }); // and before that, as the next test says
    expect(reverted).toMatchObject({
      version: '2',
      running: '1',
      signal,
      function: 'update_game',
      line: '77',
      undone: '1',
    });
    expect(reverted['reason']).toBe(
      `${signal} in update_game (game.vais:77): version 2 was taken back, version 1 made the call instead`,
    );
    if (kind !== 'fail_call' && kind !== 'fail_overflow') expect(reverted['trace']).toMatch(/^[0-9a-f]+/);
    expect(await program.pass()).toMatchObject({ status: '-2', error: reverted['reason'], x: '3', score: '103' });
    expect(await program.pass()).toMatchObject({ status: '0', x: '4' });
    await until(() => program.mapped().length === 0, 'the failed image is unloaded');
  });

  it('a crash in the very first call is said after the swap', async () => {
    for (let version = 2; version < 22; version++) {
      const nonce = agent.load(version, await failing);
      program.send('.'.repeat(version % 3));
      await agent.take('loaded', { nonce });
      program.send('.');
      await until(() => said(nonce).includes('reverted'), 'it is reverted');
      expect(said(nonce)).toEqual(['swapped', 'reverted']);
    }
  });

  it.each(['fail_hang', 'fail_wait', 'fail_churn'])('%s is stopped by the deadline', async (kind) => {
    const nonce = agent.load(2, await bad(kind));
    await agent.take('loaded', { nonce });
    expect(await program.pass()).toMatchObject({ version: '1', x: '2', score: '102' });
    const reverted = await agent.take('reverted', { nonce });
    expect(reverted['signal']).toBeUndefined();
    expect(reverted['reason']).toMatch(/^a hang in update_game/);
  });

  it('the version before is run, not the first', async () => {
    await push(2, good);
    const before = await program.pass();
    const nonce = agent.load(3, await bad('fail_segv'));
    await agent.take('loaded', { nonce });
    const after = await program.pass();
    await agent.take('reverted', { nonce, running: '2' });
    expect(after).toMatchObject({ version: '2', y: '2' });
    expect(Number(after['x'])).toBe(Number(before['x']) + 10);
    expect(Number(after['result'])).toBe(Number(before['result']) + 100); // its own global went on as well
  });

  it('a failure at a later call of probation is undone to the start of that call', async () => {
    const nonce = agent.load(2, await bad('fail_segv', { FAIL_AT: '6' })); // `fresh` is 5 at birth
    await agent.take('loaded', { nonce });
    expect(await program.pass()).toMatchObject({ version: '2', x: '101' });
    expect(await program.pass()).toMatchObject({ version: '1', x: '102', score: '202' });
    await agent.take('reverted', { nonce });
  });

  it('names the function it happened in', async () => {
    const nonce = agent.load(2, await bad('fail_segv'));
    await agent.take('loaded', { nonce });
    program.send('.');
    expect((await agent.take('reverted', { nonce }))['symbol']).toMatch(/^(fail_segv|update_game)/);
  });

  it('the printing goes on after a crash in printf', async () => {
    const nonce = agent.load(2, await bad('fail_print'));
    await agent.take('loaded', { nonce });
    await program.pass();
    await agent.take('reverted', { nonce });
    for (let i = 0; i < 3; i++) await program.pass();
  });

  it('a bad pointer that is freed is undone as any other crash', async () => {
    for (let version = 2; version < 12; version++) {
      const nonce = agent.load(version, await bad('fail_free'));
      await agent.take('loaded', { nonce });
      expect(await program.pass()).toMatchObject({ version: '1' });
      await agent.take('reverted', { nonce, signal: 'SIGSEGV', undone: '1' });
    }
  });

  it('a crash that leaves malloc locked ends the program, and says why, as it could only stand still', async () => {
    const nonce = agent.load(2, await bad('fail_heap'));
    await agent.take('loaded', { nonce });
    program.send('.');
    expect(await program.ended).toEqual({ code: null, signal: 'SIGABRT' });
    expect(program.stderr).toMatch(/vais-hot: new code of game crashed inside malloc or free and left it locked/);
  });

  it('a push after a revert is a push as any other', async () => {
    const nonce = agent.load(2, await bad('fail_segv'));
    await agent.take('loaded', { nonce });
    await program.pass();
    await agent.take('reverted', { nonce });
    await push(3, good);
    expect(await program.pass()).toMatchObject({ version: '3' });
  });

  it('a revert that could not be said is said after the next hello', async () => {
    const nonce = agent.load(2, await bad('fail_segv'));
    await agent.take('loaded', { nonce });
    await agent.close();
    expect(await program.pass()).toMatchObject({ version: '1' });
    agent = await Agent.listen(link);
    await agent.take('ready');
    await agent.take('reverted', { nonce, version: '2', running: '1' });
  });

  it('many failures of all kinds leave the state as if they had never been', async () => {
    const images = await Promise.all(Object.keys(kinds).map((kind) => bad(kind)));
    const names = Object.values(kinds);
    for (let i = 0; i < crashes; i++) {
      const image = images[i % images.length];
      if (image === undefined) throw new Error('no image');
      const nonce = agent.load(i + 2, image);
      await agent.take('loaded', { nonce });
      program.send('.');
      const reverted = await agent.take('reverted', { nonce, running: '1', line: '77', undone: '1' });
      expect(reverted).toMatchObject({ signal: names[i % names.length], function: 'update_game' });
    }
    const x = String(crashes + 2);
    expect(await program.pass()).toMatchObject({ version: '1', x, y: '0', score: String(crashes + 102) });
    await until(() => program.mapped().length === 0, 'all failed images are unloaded');
  }, 300_000);

  it('many hangs, too', async () => {
    const image = await bad('fail_hang');
    for (let i = 0; i < hangs; i++) {
      const nonce = agent.load(i + 2, image);
      await agent.take('loaded', { nonce });
      program.send('.');
      await agent.take('reverted', { nonce, running: '1', line: '77', undone: '1', function: 'update_game' });
    }
    expect(await program.pass()).toMatchObject({ version: '1', x: String(hangs + 2), score: String(hangs + 102) });
  }, 300_000);
});

describe('in a thread that blocks all signals', () => {
  it.each(['fail_segv', 'fail_fpe', 'fail_abort', 'fail_hang'])('%s is undone as well', async (kind) => {
    await start({ BLOCK_SIGNALS: '1' });
    const nonce = agent.load(2, await bad(kind));
    await agent.take('loaded', { nonce });
    expect(await program.pass()).toMatchObject({ version: '1', x: '2', score: '102' });
    await agent.take('reverted', { nonce, undone: '1' });
  });
});

describe('after probation', () => {
  it('a crash still brings the version before back, without the undo', async () => {
    await start();
    await push(2, good);
    const nonce = agent.load(3, await bad('fail_segv', { FAIL_AT: '14' }));
    await agent.take('loaded', { nonce });
    program.send('....');
    await agent.take('confirmed', { nonce });
    let pass = await program.pass();
    while (pass['version'] === '3') pass = await program.pass();
    expect(pass).toMatchObject({ version: '2', x: '9', y: '2', score: '9' }); // -1 is what the crash left
    await agent.take('reverted', { nonce, running: '2', undone: '0', signal: 'SIGSEGV' });
    expect(await program.pass()).toMatchObject({ status: '-2', version: '2', x: '19' });
  });

  it('and the code the program started with is brought back as well', async () => {
    await start();
    const nonce = agent.load(2, await bad('fail_abort', { FAIL_AT: '12' }));
    await agent.take('loaded', { nonce });
    program.send('....');
    await agent.take('confirmed', { nonce });
    let pass = await program.pass();
    while (pass['version'] === '2') pass = await program.pass();
    expect(pass).toMatchObject({ version: '1', x: '0', score: '0' });
  });

  it('with the guard switched off a crash is a crash', async () => {
    await start({ VAIS_HOT_GUARD: 'off' });
    const nonce = agent.load(2, await bad('fail_segv'));
    await agent.take('loaded', { nonce });
    program.send('.');
    expect(await program.ended).toEqual({ code: null, signal: 'SIGSEGV' });
  });
});

describe('signals that are not ours', () => {
  let withHandlers: string;
  beforeAll(async () => {
    withHandlers = await buildProgram(folder, { source: 'handlers.c', name: 'handlers' });
  });

  async function startHandlers(args: string[]): Promise<void> {
    agent = await Agent.listen(link);
    const env = { XDG_RUNTIME_DIR: join(folder, 'run'), VAIS_HOT_PROBATION_CALLS: '3' };
    program = new Program(withHandlers, { link, env, args });
    await agent.take('ready');
    await program.pass();
  }

  async function crashAndRevert(version: number): Promise<void> {
    const nonce = agent.load(version, await bad('fail_print'));
    await agent.take('loaded', { nonce });
    await program.pass();
    await agent.take('reverted', { nonce, signal: 'SIGSEGV' });
  }

  it('a crash outside hot code goes to the handler that was there before', async () => {
    await startHandlers(['early']);
    await crashAndRevert(2);
    program.send('s');
    await program.take('own handler');
    await crashAndRevert(3);
    program.send('s');
    await program.take('own handler');
    expect(await program.pass()).toMatchObject({ version: '1', x: '4' });
  });

  it('a crash in printf while others print and allocate leaves no lock behind, fifty times', async () => {
    await startHandlers([]);
    const images = [await bad('fail_print'), await bad('fail_free')];
    for (let version = 2; version < 52; version++) {
      const nonce = agent.load(version, images[version % 2] as Image);
      await agent.take('loaded', { nonce });
      expect(await program.pass()).toMatchObject({ version: '1' });
      await agent.take('reverted', { nonce, signal: 'SIGSEGV' });
    }
  });

  it('a handler that came after ours is put behind ours again by the next load', async () => {
    await startHandlers([]);
    await crashAndRevert(2);
    program.send('l');
    await crashAndRevert(3);
    program.send('s');
    await program.take('own handler');
    await crashAndRevert(4);
  });

  it.each([
    ['s', 'SIGSEGV'],
    ['a', 'SIGABRT'],
  ])('without a handler %s outside hot code ends the program with %s', async (letter, signal) => {
    await startHandlers([]);
    await crashAndRevert(2);
    program.send(letter);
    expect(await program.ended).toEqual({ code: null, signal });
  });

  it('a signal that another process sends ends the program, too', async () => {
    await startHandlers([]);
    await crashAndRevert(2);
    program.child.kill('SIGSEGV');
    expect(await program.ended).toEqual({ code: null, signal: 'SIGSEGV' });
  });
});

describe('built by other compilers', () => {
  const ways = [
    ['gcc', '-O0'],
    ['gcc', '-O3', '-fno-omit-frame-pointer'],
    ['clang-14', '-O2'],
    ['clang-14', '-O0'],
    ['tcc'],
  ].filter(([compiler]) => hasTool(compiler ?? ''));

  it.each(ways)('%s %s', async (compiler, ...flags) => {
    const name = `game-${[compiler, ...flags].join('')}`;
    const path = await buildProgram(folder, { compiler: compiler ?? 'gcc', flags, name });
    agent = await Agent.listen(link);
    const env = { XDG_RUNTIME_DIR: join(folder, 'run'), VAIS_HOT_PROBATION_CALLS: '3', VAIS_HOT_DEADLINE: '100' };
    program = new Program(path, { link, env });
    await agent.take('ready');
    await program.pass();
    let version = 2;
    for (const kind of [...Object.keys(kinds), 'fail_hang']) {
      const nonce = agent.load(version++, await bad(kind));
      await agent.take('loaded', { nonce });
      await program.pass();
      expect(await agent.take('reverted', { nonce })).toMatchObject({ line: '77', undone: '1', running: '1' });
    }
    const late = agent.load(version++, await bad('fail_print', { FAIL_AT: '12' }));
    await agent.take('loaded', { nonce: late });
    program.send('....');
    await agent.take('confirmed', { nonce: late });
    program.send('....');
    await agent.take('reverted', { nonce: late, undone: '0' });
    expect(await program.pass()).toMatchObject({ version: '1' });
  });
});
