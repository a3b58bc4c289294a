/** A program that an agent started and did not live to see end: the next agent takes it over, and starts no second one. */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isAlive } from '../../../agent/run/process.ts';
import { type AgentProcess, Ground } from '../agent-process.ts';
import { Disk } from '../store/disk.ts';

let ground: Ground;
beforeEach(() => {
  ground = new Ground();
});
afterEach(() => ground.close());

const args = ['--insecure', '--run', 'game=sleep 1000'];

describe.skipIf(process.platform !== 'linux')('a program of an agent that was killed (needs Linux: /proc)', () => {
  it.each<[string, (path: string) => Promise<void>]>([
    ['as it should be', async () => undefined],
    ['damaged', (path) => writeFile(path, '{"pid":1,"sta')],
    ['empty', (path) => writeFile(path, '')],
    ['of another process', (path) => writeFile(path, JSON.stringify({ format: 1, pid: process.pid, startTime: '1' }))],
    ['gone', (path) => rm(path)],
  ])('is taken over where its pid file is %s', async (_what, change) => {
    const agent = await ground.start(args).ready();
    const { pid = 0 } = await agent.said.first(({ event }) => event === 'started', 'the program');
    // Said before the pid is written down.
    const file = await vi.waitUntil(
      async () => (await readdir(join(ground.data, 'run'))).find((name) => name.endsWith('.pid')),
      { timeout: 60_000 },
    );
    await agent.kill();
    await change(join(ground.data, 'run', file));
    const next = await ground.start(args).ready();
    const started = await next.said.first(({ event }) => event === 'started', 'the program');
    expect(started).toMatchObject({ pid, adopted: true });
    next.child.kill('SIGTERM');
    expect(await next.ended).toBe(0);
    expect(await isAlive(pid)).toBe(false);
  });

  it('is taken over where the agent was killed before it had written the pid down', async () => {
    const disk = new Disk(ground.folder, ground.data);
    const start = () => ground.start(args, disk.environment);
    const end = async (agent: AgentProcess) => {
      await agent.said.first(({ event }) => event === 'started', 'the program');
      agent.child.kill('SIGTERM');
      expect(await agent.ended).toBe(0);
    };
    await end(start());
    disk.heal();
    await end(start());
    const writes = disk.done().find(({ op, path }) => op === 'o' && path.startsWith('/run/.'));
    disk.kill(writes?.n ?? 0);
    const killed = start();
    expect(await killed.ended).toBe('SIGKILL');
    expect(disk.done().at(-1)?.path).toMatch(/^\/run\/\./);
    expect(await readdir(join(ground.data, 'run'))).not.toContainEqual(expect.stringMatching(/^[^.].*\.pid$/));
    disk.heal();
    const next = await ground.start(args).ready();
    expect(await next.said.first(({ event }) => event === 'started', 'the program')).toMatchObject({ adopted: true });
    next.child.kill('SIGTERM');
    expect(await next.ended).toBe(0);
  });
});
