/** Plain C++ libraries: names, exceptions, and containers that are whole after an undone call. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Agent, fixtures, type Image, makeFolder, Program, readImage, removeFolder, runtimeFolder } from './harness.ts';
import { runtimeObjects } from './objects.ts';

const run = promisify(execFile);
const folder = makeFolder();
const link = join(folder, 'link.sock');
const host = join(folder, 'host');
let first: Image;
let agent: Agent;
let program: Program;

async function buildPlain(name: string, flags: readonly string[] = []): Promise<Image> {
  const path = join(folder, `${name}.so`);
  await run('g++', ['-O1', '-shared', '-fPIC', ...flags, join(fixtures, 'plain-cpp.cpp'), '-o', path]);
  const notes = await run('readelf', ['-n', path]);
  const image = readImage(path, '');
  return { ...image, build: /Build ID: ([0-9a-f]{32})/.exec(notes.stdout)?.[1] ?? image.digest.slice(0, 32) };
}

beforeAll(async () => {
  mkdirSync(join(folder, 'run'));
  const objects = await runtimeObjects('gcc', ['-O1', '-Wall', '-Wextra']);
  const source = join(fixtures, 'plain-cpp-host.cpp');
  await run('g++', ['-O1', '-I', runtimeFolder, source, ...objects, '-o', host, '-lpthread', '-ldl']);
  first = await buildPlain('first');
}, 120_000);
afterAll(() => removeFolder(folder));

afterEach(async () => {
  program.kill();
  await program.ended;
  await agent.close();
});

async function start(env: Record<string, string> = {}): Promise<void> {
  agent = await Agent.listen(link);
  program = new Program(host, { link, args: [first.path], env: { XDG_RUNTIME_DIR: join(folder, 'run'), ...env } });
  expect((await program.take('started'))['line']).toBe('started ambiguous=1');
  await agent.take('ready');
}

async function raise(by: number): Promise<void> {
  program.send('r');
  expect((await program.take('raised'))['line']).toBe(`raised what=raised by ${by} destroyed=5`);
}

describe('a plain C++ library', () => {
  it('has functions by the names that people write', async () => {
    await start();
    program.send('a');
    expect((await program.take('add'))['line']).toBe('add sum=10 twice=6,10');
  });

  it('throws through nested hot calls: plain, in probation, guarded', async () => {
    await start();
    await raise(1);
    const nonce = agent.load(2, await buildPlain('second', ['-DSTEP=2']), { module: 'plain' });
    await agent.take('loaded', { nonce });
    await program.pass();
    await agent.take('swapped', { nonce });
    await raise(2);
    await program.pass();
    await agent.take('confirmed', { nonce });
    await program.pass();
    await raise(2);
    await raise(2);
    const third = agent.load(3, await buildPlain('third', ['-DSTEP=3']), { module: 'plain' });
    await agent.take('loaded', { nonce: third });
    await program.pass();
    await agent.take('swapped', { nonce: third });
  });

  it('leaves vectors, strings and shared pointers whole when a call is undone, a hundred times', async () => {
    await start();
    const crash = await buildPlain('crash', ['-DSTEP=1000', '-DCRASH']);
    let passes = 0;
    for (; passes < 3; passes++) await program.pass();
    for (let i = 0; i < 100; i++) {
      const nonce = agent.load(i + 2, crash, { module: 'plain' });
      await agent.take('loaded', { nonce });
      const pass = await program.pass();
      passes++;
      expect(pass).toMatchObject({ version: '1', sum: String(passes) });
      expect(await agent.take('reverted', { nonce })).toMatchObject({ undone: '1', function: 'sim::step' });
    }
    expect(await program.pass()).toMatchObject({ last: '3', sum: '104' });
  });
});
