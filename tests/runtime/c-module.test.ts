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
