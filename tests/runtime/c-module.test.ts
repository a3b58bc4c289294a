/** Programs and modules that people write in C and C++, with the macros of hot.h section 5. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
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
  runtimeFolder,
  until,
} from './harness.ts';

const run = promisify(execFile);
const folder = makeFolder();
const link = join(folder, 'link.sock');
const source = join(fixtures, 'thing.c');
let agent: Agent;
let program: Program;

beforeAll(() => {
  mkdirSync(join(folder, 'run'));
});
afterAll(() => removeFolder(folder));

afterEach(async () => {
  program.kill();
  await program.ended;
  await agent.close();
});

/** As the manual says: the digest of what is compiled is the build. */
function buildOf(flags: readonly string[]): string {
  const hash = createHash('sha256');
  for (const name of ['thing.h', 'thing.c']) hash.update(readFileSync(join(fixtures, name)));
  return hash.update(flags.join(' ')).digest('hex').slice(0, 32);
}

async function buildThing(compiler: readonly string[], ...flags: string[]): Promise<Image> {
  const [command = '', ...own] = compiler;
  const build = buildOf(flags);
  const path = join(folder, `libthing-${build}-${command}.so`);
  const args = ['-Wall', '-Wextra', '-Werror', '-DHOT_IMAGE', `-DHOT_BUILD=${build}`, '-I', runtimeFolder];
  await run(command, [...own, ...args, ...flags, '-shared', '-fPIC', source, '-o', path]);
  return readImage(path, build);
}

const languages = [['gcc', '-std=c11'], ['g++', '-std=c++11', '-xc++'], ['clang-14', '-std=c11'], ['tcc']].filter(
  ([command]) => hasTool(command ?? ''),
);

async function startThing(): Promise<void> {
  const flags = ['-std=c11', '-Wall', '-Wextra', '-Werror', `-DHOT_BUILD=${buildOf([])}`];
  const path = await buildProgram(folder, { source: 'thing-program.c', name: 'thing', flags });
  agent = await Agent.listen(link);
  program = new Program(path, { link, env: { XDG_RUNTIME_DIR: join(folder, 'run') } });
  await agent.take('ready');
  await program.pass();
}

/** Pushes and passes until it is confirmed; returns what was said when it was loaded. */
async function push(version: number, image: Image): Promise<Record<string, string>> {
  const nonce = agent.load(version, image, { module: 'thing' });
  const loaded = await agent.take('loaded', { nonce });
  await program.pass();
  await agent.take('swapped', { nonce });
  await program.pass();
  await agent.take('confirmed', { nonce });
  return loaded;
}

const cpp = ['g++', '-std=c++17', '-xc++'];

describe.runIf(hasTool('g++'))('a module in C++ (with g++)', () => {
  /** Other versions before and behind it: so it is unloaded, if it may be. */
  async function pushAway(version: number): Promise<void> {
    for (const step of [71, 72]) await push(version++, await buildThing(cpp, `-DSTEP=${step}`));
  }

  const mapped = (): number => program.mapped('libthing').length;

  it('with a static object makes it when it is loaded and destroys it when it is unloaded', async () => {
    await startThing();
    expect((await push(2, await buildThing(cpp, '-DSTEP=10', '-DOBJECT')))['resident']).toBeUndefined();
    await program.take('object made');
    await pushAway(3);
    await program.take('object destroyed');
    await until(() => mapped() === 1, 'the others are unloaded');
  });

  it('that registers with atexit is called when it is unloaded, or at the end', async () => {
    await startThing();
    expect((await push(2, await buildThing(cpp, '-DSTEP=10', '-DAT_EXIT')))['resident']).toBeUndefined();
    await pushAway(3);
    await program.take('at exit of step 10');
    await push(5, await buildThing(cpp, '-DSTEP=20', '-DAT_EXIT'));
    await program.end();
    await program.take('at exit of step 20');
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });

  it('with a thread_local that has a destructor stays, and is told to stay', async () => {
    await startThing();
    const loaded = await push(2, await buildThing(cpp, '-DSTEP=10', '-DLOCAL_OBJECT'));
    expect(loaded['resident']).toBe('a thread_local with a destructor');
    await pushAway(3);
    await until(() => mapped() === 2, 'the others are unloaded');
    await program.end();
    await program.take('local destroyed after 2');
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });

  it('with a running thread of its own stays, and is told to stay', async () => {
    await startThing();
    const loaded = await push(2, await buildThing(cpp, '-DSTEP=10', '-DSTD_THREAD', '-fno-gnu-unique'));
    expect(loaded['resident']).toMatch(/^(std::thread|pthread_create)$/);
    await pushAway(3);
    await until(() => mapped() === 2, 'the others are unloaded');
    await program.end();
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });
});

describe('a program in C', () => {
  it.each(languages)('runs modules of %s %s', async (...compiler) => {
    const flags = ['-std=c11', '-Wall', '-Wextra', '-Werror', `-DHOT_BUILD=${buildOf([])}`];
    const path = await buildProgram(folder, { source: 'thing-program.c', name: 'thing', flags });
    agent = await Agent.listen(link);
    program = new Program(path, { link, env: { XDG_RUNTIME_DIR: join(folder, 'run') } });
    await agent.take('ready');
    expect(await agent.take('module')).toMatchObject({ name: 'thing', source: 'thing.c', build: buildOf([]) });
    await agent.take('state', { count: '1', bytes: '16' });
    expect(await program.pass()).toMatchObject({ result: '1001', x: '1' });

    const nonce = agent.load(2, await buildThing(compiler, '-DSTEP=10'), { module: 'thing' });
    await agent.take('loaded', { nonce });
    expect(await program.pass()).toMatchObject({ status: '1', result: '2010', x: '11' });
    expect(await program.pass()).toMatchObject({ status: '0', result: '2010', x: '21' });
    await agent.take('confirmed', { nonce });

    const bad = agent.load(3, await buildThing(compiler, '-DSTEP=100', '-DFAIL=16'), { module: 'thing' });
    await agent.take('loaded', { nonce: bad });
    expect(await program.pass()).toMatchObject({ result: '2010', x: '31' });
    await agent.take('reverted', { nonce: bad, signal: 'SIGSEGV', function: 'thing_step' });
  });
});
