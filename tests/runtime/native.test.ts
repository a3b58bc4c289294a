/** Plain libraries, opened by hot_open and called through stubs that know no signature. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  Agent,
  buildProgram,
  fixtures,
  hasTool,
  type Image,
  makeFolder,
  Program,
  readImage,
  removeFolder,
} from './harness.ts';

const run = promisify(execFile);
const folder = makeFolder();
const link = join(folder, 'link.sock');
const library = join(folder, 'libplain.so');
const compilers = ['gcc', 'clang-14'].filter(hasTool);
let host = '';
let first: Image;
let agent: Agent | undefined;
let program: Program | undefined;

async function buildPlain(name: string, flags: readonly string[] = [], compiler = 'gcc'): Promise<Image> {
  const path = join(folder, `${name}.so`);
  await run(compiler, ['-O1', '-shared', '-fPIC', ...flags, join(fixtures, 'plain.c'), '-o', path]);
  const notes = await run('readelf', ['-n', path]);
  const build = /Build ID: ([0-9a-f]{32})/.exec(notes.stdout)?.[1];
  const image = readImage(path, '');
  return { ...image, build: build ?? image.digest.slice(0, 32) };
}

/** A compiler writes anew what a linker has written before; so do we, by one step. */
function put(image: Image): void {
  copyFileSync(image.path, `${library}.new`);
  renameSync(`${library}.new`, library);
}

beforeAll(async () => {
  mkdirSync(join(folder, 'run'));
  host = await buildProgram(folder, { source: 'plain-host.c', name: 'plain-host', flags: ['-O1', '-Wall', '-Wextra'] });
  first = await buildPlain('first');
}, 120_000);
afterAll(() => removeFolder(folder));
afterEach(async () => {
  program?.kill();
  await program?.ended;
  await agent?.close();
  program = agent = undefined;
});

async function start(options: { agent: boolean; path?: string }): Promise<Program> {
  put(first);
  if (options.agent) agent = await Agent.listen(link);
  program = new Program(options.path ?? host, {
    link: options.agent ? link : '',
    args: [library],
    env: { XDG_RUNTIME_DIR: join(folder, 'run') },
  });
  await program.take('started');
  return program;
}

async function startWithAgent(): Promise<{ agent: Agent; program: Program; hello: Record<string, string> }> {
  const started = await start({ agent: true });
  if (agent === undefined) throw new Error('there is no agent');
  const hello = await agent.take('module', { name: 'plain' });
  await agent.take('ready');
  return { agent, program: started, hello };
}

/** Delivers, passes until it is confirmed. */
async function push(to: { agent: Agent; program: Program }, version: number, image: Image): Promise<void> {
  const nonce = to.agent.load(version, image, { module: 'plain' });
  await to.agent.take('loaded', { nonce, build: image.build });
  await to.program.pass();
  await to.agent.take('swapped', { nonce });
  await to.program.pass();
  await to.agent.take('confirmed', { nonce });
}

const argumentsOf = (step: number): string =>
  `arguments large=1.75,2,${42 + step * 1000},6 pair=3,${3 + step} print=21,1,2.5,x,3.5,4,5,6,7.5 longer=${3 + step} floats=${36 + 9 * step}`;

describe('a plain library', () => {
  it('runs as it is, says so to the agent, and takes new code', async () => {
    const both = await startWithAgent();
    expect(both.hello).toMatchObject({ version: '1', build: first.build, base: first.build, digest: '-' });
    expect(both.hello['image']).toMatch(/libplain\.v1\.so$/);
    expect(await both.program.pass()).toMatchObject({ version: '1', x: '1' });
    await push(both, 2, await buildPlain('second', ['-DSTEP=5']));
    expect(await both.program.pass()).toMatchObject({ version: '2', x: '16', d: '2' });
  });

  it('is followed without an agent', async () => {
    const plain = await start({ agent: false });
    await plain.pass();
    put(await buildPlain('followed', ['-DSTEP=7']));
    let pass = await plain.pass();
    while (pass['version'] === '1') pass = await plain.pass();
    expect(pass).toMatchObject({ version: '2', check: '1' });
  });

  it.each(compilers)('passes any arguments and results: plain, in probation, guarded (%s)', async (compiler) => {
    const both = await startWithAgent();
    both.program.send('a');
    expect((await both.program.take('arguments'))['line']).toBe(argumentsOf(1));
    const nonce = both.agent.load(2, await buildPlain(`args-${compiler}`, ['-DSTEP=2'], compiler), { module: 'plain' });
    await both.agent.take('loaded', { nonce });
    await both.program.pass();
    both.program.send('a');
    expect((await both.program.take('arguments'))['line']).toBe(argumentsOf(2));
    await both.program.pass();
    await both.agent.take('confirmed', { nonce });
    await both.program.pass();
    for (let i = 0; i < 3; i++) {
      both.program.send('a');
      expect((await both.program.take('arguments'))['line']).toBe(argumentsOf(2));
    }
  });

  it('has one address for a function, and none for one that is not there', async () => {
    const plain = await start({ agent: false });
    plain.send('s');
    expect((await plain.take('same'))['line']).toBe('same 1');
  });

  it('is undone when it crashes in probation, and the version before makes the call', async () => {
    const both = await startWithAgent();
    await both.program.pass();
    const nonce = both.agent.load(2, await buildPlain('crash', ['-DSTEP=100', '-DCRASH_AT=50']), { module: 'plain' });
    await both.agent.take('loaded', { nonce });
    expect(await both.program.pass()).toMatchObject({ version: '1', x: '2', d: '1' });
    expect(await both.agent.take('reverted', { nonce })).toMatchObject({
      signal: 'SIGSEGV',
      function: 'plain_step',
      symbol: 'plain_step',
      undone: '1',
    });
    await push(both, 3, await buildPlain('after', ['-DSTEP=3']));
  });

  it('puts back what pointers in its arguments point to, as far as its contract tells', async () => {
    const both = await startWithAgent();
    both.program.send('u');
    await both.program.pass();
    const contract = [
      '{"record":"function","name":"plain_step","type":"fn(*State, f64)"}',
      '{"record":"struct","name":"State","size":16,"align":8,"fields":[]}',
    ].join('\0');
    writeFileSync(join(folder, 'contract'), `${contract}\0`);
    const plain = await buildPlain('undone', ['-DSTEP=100', '-DCRASH_AT=50']);
    const told = join(folder, 'told.so');
    await run('objcopy', ['--add-section', `vais_contract=${join(folder, 'contract')}`, plain.path, told]);
    const nonce = both.agent.load(2, { ...readImage(told, plain.build) }, { module: 'plain' });
    await both.agent.take('loaded', { nonce });
    expect(await both.program.pass()).toMatchObject({ version: '1', x: '2', d: '1' });
    expect(await both.agent.take('reverted', { nonce })).toMatchObject({ undone: '1' });
  });

  it('is stopped when it hangs', async () => {
    process.env['VAIS_HOT_DEADLINE'] = '200';
    const both = await startWithAgent().finally(() => delete process.env['VAIS_HOT_DEADLINE']);
    const nonce = both.agent.load(2, await buildPlain('hang', ['-DHANG']), { module: 'plain' });
    await both.agent.take('loaded', { nonce });
    expect(await both.program.pass()).toMatchObject({ version: '1', x: '1' });
    expect(await both.agent.take('reverted', { nonce })).toMatchObject({ function: 'plain_step', undone: '1' });
  });

  it('goes back to the version before when it crashes later', async () => {
    const both = await startWithAgent();
    await push(both, 2, await buildPlain('later', ['-DSTEP=10', '-DCRASH_AT=50']));
    let pass = await both.program.pass();
    while (pass['version'] === '2') pass = await both.program.pass();
    expect(await both.agent.take('reverted')).toMatchObject({ signal: 'SIGSEGV', function: 'plain_step', undone: '0' });
    expect(pass).toMatchObject({ version: '1', x: '51' });
    both.program.send('a');
    expect((await both.program.take('arguments'))['line']).toBe(argumentsOf(1));
  });

  it('is refused when a function that the program calls is gone', async () => {
    const both = await startWithAgent();
    await both.program.pass();
    const nonce = both.agent.load(2, await buildPlain('gone', ['-Dplain_step=plain_walk']), { module: 'plain' });
    expect(await both.agent.take('refused', { nonce })).toMatchObject({
      code: 'contract_changed',
      reason: expect.stringContaining('plain_step'),
    });
  });

  it('runs its hooks: before the swap in the old code, after it in the new one', async () => {
    const both = await startWithAgent();
    await both.program.pass();
    await push(both, 2, await buildPlain('hooks', ['-DSTEP=5', '-DAFTER=0', '-DBEFORE=0']));
    expect((await both.program.take('hook'))['line']).toBe('hook after step=5');
    await push(both, 3, await buildPlain('hooked', ['-DSTEP=6', '-DAFTER=0']));
    expect((await both.program.take('hook'))['line']).toBe('hook before step=5');
    expect((await both.program.take('hook'))['line']).toBe('hook after step=6');
  });

  it.each([
    ['returns other than 0', 5, {}],
    ['crashes', 9, { signal: 'SIGSEGV' }],
  ])('takes a version back whose hook %s', async (_, after, wanted) => {
    const both = await startWithAgent();
    await both.program.pass();
    const nonce = both.agent.load(2, await buildPlain(`hook-${after}`, ['-DSTEP=5', `-DAFTER=${after}`]), {
      module: 'plain',
    });
    await both.agent.take('loaded', { nonce });
    expect(await both.program.pass()).toMatchObject({ version: '1', x: '2' });
    expect(await both.agent.take('reverted', { nonce })).toMatchObject({ function: 'hot_after_swap', ...wanted });
  });

  it.each([
    ['longjmp of the program', 'j', 'left jumped=3'],
    ['longjmp of the library', 'J', 'left jumped=2'],
    ['a thousand nested calls', 'd', 'left deep=1000'],
    ['pthread_exit', 't', 'left thread=7'],
    ['coroutines in turns', 'c', 'left coroutines=2'],
  ])('is left by %s with its depth right: plain, in probation, guarded', async (_, letter, wanted) => {
    const both = await startWithAgent();
    const leave = async (line: string): Promise<void> => {
      both.program.send(letter);
      expect((await both.program.take('left'))['line']).toBe(line);
    };
    await leave(wanted.replace('=2', letter === 'J' ? '=1' : '=2'));
    const nonce = both.agent.load(2, await buildPlain(`left-${letter}`, ['-DSTEP=2']), { module: 'plain' });
    await both.agent.take('loaded', { nonce });
    await both.program.pass();
    await both.agent.take('swapped', { nonce });
    await leave(wanted);
    await both.program.pass();
    await both.agent.take('confirmed', { nonce });
    await both.program.pass();
    await leave(wanted);
    await leave(wanted);
    await push(both, 3, await buildPlain(`left-again-${letter}`, ['-DSTEP=3']));
  });
});
