/** Many threads: each moves at its own safe point, none sees two versions in a pass, what is left is unloaded. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Agent, buildImage, buildProgram, type Image, makeFolder, Program, removeFolder, until } from './harness.ts';

const folder = makeFolder();
const link = join(folder, 'link.sock');
const swaps = Number(process.env['VAIS_TEST_SWAPS'] ?? 300);
let built: string;
let images: Image[];
let failing: Image;
let agent: Agent;
let program: Program;

beforeAll(async () => {
  mkdirSync(join(folder, 'run'));
  built = await buildProgram(folder, { source: 'threads.c', name: 'stamp' });
  const source = 'stamp.c';
  images = await Promise.all(['0010', '0020', '0030'].map((build) => buildImage(folder, build, { source })));
  failing = await buildImage(folder, '0666', { source, defines: { FAIL_ALL: '1' } });
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

function mapped(): string[] {
  const maps = readFileSync(`/proc/${program.pid}/maps`, 'utf8');
  return [...new Set(maps.match(/\S*libstamp\.v\S*/g) ?? [])];
}

async function push(version: number, image: Image): Promise<void> {
  const nonce = agent.load(version, image, { module: 'stamp' });
  await agent.take('swapped', { nonce });
  await agent.take('confirmed', { nonce });
}

async function counts(): Promise<Record<string, string>> {
  program.send('s');
  return program.take('counts');
}

describe('four threads in hot code', () => {
  it('never see two versions in one pass, and old images are unloaded', async () => {
    let resident = 0;
    for (let i = 0; i < swaps; i++) {
      const image = images[i % images.length];
      if (image === undefined) throw new Error('no image');
      await push(i + 2, image);
      if (i % 50 === 0) program.send('t');
      if (i !== 100 && i !== swaps - 1) continue;
      await until(() => mapped().length === 1, 'one image is mapped');
      const status = readFileSync(`/proc/${program.pid}/status`, 'utf8');
      const now = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
      if (i === 100) resident = now;
      else expect(now - resident).toBeLessThan(512);
    }
    const total = await counts();
    expect(total['mixed']).toBe('0');
    expect(Number(total['passes'])).toBeGreaterThan(swaps);
    expect(readdirSync(`/proc/${program.pid}/task`)).toHaveLength(6);
    await program.end();
    expect(await program.ended).toEqual({ code: 0, signal: null });
  }, 600_000);

  it('a thread that holds a swap back is named, with its function, and the old image stays for it', async () => {
    await push(2, images[0] as Image);
    program.send('b');
    await program.take('sitting');
    const nonce = agent.load(3, images[1] as Image, { module: 'stamp' });
    expect(await agent.take('waiting', { nonce })).toMatchObject({ version: '3', name: 'worker-0', function: 'sit' });
    expect(mapped()).toHaveLength(2);
    expect(agent.lines.all.filter((line) => line.verb === 'waiting')).toEqual([]); // the others have moved
    program.send('u');
    await agent.take('swapped', { nonce });
    await until(() => mapped().length === 1, 'the old image is unloaded');
    expect((await counts())['mixed']).toBe('0');
  });

  it('a half-swapped load that is cancelled goes back', async () => {
    await push(2, images[0] as Image);
    program.send('b');
    await program.take('sitting');
    const nonce = agent.load(3, images[1] as Image, { module: 'stamp' });
    await agent.take('waiting', { nonce });
    agent.send('cancel', { module: 'stamp', nonce });
    await agent.take('superseded', { nonce });
    await until(() => mapped().length === 1, 'the cancelled image is unloaded');
    program.send('u');
    await push(4, images[2] as Image);
    expect((await counts())['mixed']).toBe('0');
  });

  it('all crash in the new code at once: one report, and all go on in the old', async () => {
    await push(2, images[0] as Image);
    for (let version = 3; version < 53; version++) {
      const nonce = agent.load(version, failing, { module: 'stamp' });
      await agent.take('reverted', { nonce, running: '2', signal: 'SIGSEGV', function: 'stamp_end' });
    }
    expect(agent.lines.all.filter((line) => line.verb === 'reverted')).toEqual([]);
    await push(60, images[1] as Image);
    await until(() => mapped().length === 1, 'the failed images are unloaded');
    const before = Number((await counts())['passes']);
    await until(() => true, 'the threads pass');
    await push(61, images[2] as Image);
    expect(Number((await counts())['passes'])).toBeGreaterThan(before);
  });
});
