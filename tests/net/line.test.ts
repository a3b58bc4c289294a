import { randomBytes } from 'node:crypto';
import { appendFile, readFile, stat } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hostTriple } from '../../artifact/image/triple.ts';
import { Line, lineMissing } from '../../bench/line.ts';
import { type Agent, counterSource, type Running, World } from '../e2e/harness.ts';
import { describeWhere } from '../scenario/needs.ts';

const megabyte = 1_000_000;

let line: Line;
let world: World;
beforeEach(async () => {
  line = new Line(`${process.pid}`);
  world = new World({
    name: 'two network namespaces',
    triple: hostTriple(),
    node: (role, file) => [...line.within(role === 'agent' ? 'agent' : 'developer'), process.execPath, file],
    program: (path) => [path],
  });
  await line.open(world.folder);
});
afterEach(async () => {
  await line.tell('join').catch(() => undefined);
  await world.close();
  await line.close();
});

interface Remote {
  readonly agent: Agent;
  readonly program: Running;
}

/** An agent at the other end, with a program, and this end paired with it as `box`. */
async function remote(): Promise<Remote> {
  await world.write('count.vais', counterSource());
  const path = await world.build('count.vais');
  const agent = await world.startGuarded('--listen', `${line.address}:7777`);
  const program = world.startProgram(path);
  await agent.process.event('linked');
  const { code, stderr } = await world.run('pair', agent.token, '--as', 'box');
  expect(code, stderr).toBe(0);
  return { agent, program };
}

/** A library with so many bytes that cannot be compressed behind its own, or those of another. Returns its path. */
async function library(by: number, bytes: number, like?: string): Promise<string> {
  const source = await world.write('count.vais', counterSource({ by }));
  const output = world.path(`libcount${by}.so`);
  expect(await world.vaisc('build', '--hot', source, '-o', output)).toMatchObject({ code: 0 });
  // Both have the same size before that, as they differ in one number.
  if (like !== undefined) await appendFile(output, (await readFile(like)).subarray((await stat(output)).size));
  for (let left = bytes; left > 0; left -= megabyte) await appendFile(output, randomBytes(Math.min(left, megabyte)));
  return output;
}

/** Bytes that went to the agent meanwhile. */
async function sentWhile<Result>(work: () => Promise<Result>): Promise<{ result: Result; bytes: number }> {
  const before = await line.count();
  const result = await work();
  return { result, bytes: (await line.count()).toAgent - before.toAgent };
}

describeWhere('over a line', lineMissing(), () => {
  it.each([
    ['with 50 ms to and fro', ['delay 25']],
    ['with 200 ms to and fro', ['delay 100']],
    ['with 50 ms and 1 % loss', ['delay 25', 'loss 1']],
  ])('%s a push arrives: whole, then as a delta, then not at all', async (_what, commands) => {
    for (const command of commands) await line.tell(command);
    await remote();
    const first = await library(2, 2 * megabyte);
    const whole = await sentWhile(() => world.run('push', first, '--to', 'box', '--json'));
    expect(whole.result.json.at(-1)).toMatchObject({ event: 'done', version: 2 });
    expect(whole.result.json).toContainEqual(expect.objectContaining({ event: 'sent', way: 'chunks' }));
    expect(whole.bytes).toBeGreaterThan(2 * megabyte);
    const second = await library(3, 0, first);
    const changed = await sentWhile(() => world.run('push', second, '--to', 'box', '--json'));
    expect(changed.result.json.at(-1)).toMatchObject({ event: 'done', version: 3 });
    expect(changed.result.json).toContainEqual(expect.objectContaining({ event: 'sent', way: 'delta' }));
    expect(changed.bytes).toBeLessThan(100_000);
    const again = await sentWhile(() => world.run('push', first, '--to', 'box', '--json'));
    expect(again.result.json.at(-1)).toMatchObject({ event: 'done', version: 4 });
    expect(again.result.json).toContainEqual(expect.objectContaining({ event: 'sent', way: 'stored', sent: 0 }));
    expect(again.bytes).toBeLessThan(100_000);
  });

  it('that is cut for 10 s in the middle of an upload, the push goes on where it was', async () => {
    await line.tell('delay 25');
    const { program } = await remote();
    const path = await library(2, 60 * megabyte);
    const before = await line.count();
    const push = world.remote('push', path, '--to', 'box', '--json', '--timeout', '60');
    const { bytes } = await push.event('sending', ({ bytes }) => Number(bytes) > 5 * megabyte);
    expect(Number(bytes)).toBeLessThan(60 * megabyte);
    await line.tell('cut');
    await new Promise((resolve) => setTimeout(resolve, 10_000)); // The cut itself.
    await line.tell('join');
    expect(await push.exited).toMatchObject({ code: 0 });
    expect(push.json.at(-1)).toMatchObject({ event: 'done', version: 2 });
    const sent = (await line.count()).toAgent - before.toAgent;
    // All of it once, what was on its way when the line was cut a second time, and no more.
    expect(sent).toBeLessThan(60 * megabyte + 30 * megabyte);
    await program.line((text) => text.startsWith('2 '));
  });

  it('that is cut and whose connection dies, the push says so, comes back, and resumes', async () => {
    await line.tell('delay 25');
    const { agent } = await remote();
    const path = await library(2, 60 * megabyte);
    const push = world.remote('push', path, '--to', 'box', '--json', '--timeout', '120');
    await push.event('sending', ({ bytes }) => Number(bytes) > 5 * megabyte);
    await line.tell('cut');
    await push.event('interrupted');
    await line.tell('join');
    await push.event('connected');
    const resumed = await push.event('sent');
    expect(resumed).toMatchObject({ way: 'chunks' });
    const { had, sent } = resumed as unknown as { had: number; sent: number };
    expect(had).toBeGreaterThan(5 * megabyte);
    // Chunks that were there are not sent again.
    expect(sent).toBeLessThanOrEqual(60 * megabyte + 100_000 - had);
    expect(await push.exited).toMatchObject({ code: 0 });
    expect((await agent.process.event('confirmed'))['version']).toBe(2);
  });

  it('that is cut, a watch comes back and brings what was saved meanwhile', async () => {
    await line.tell('delay 25');
    const { program } = await remote();
    const source = world.path('count.vais');
    const watch = world.remote('watch', source, '--to', 'box', '--json', '--tier', 'fast');
    await watch.event('watching');
    await world.write('count.vais', counterSource({ word: 'before' }));
    await watch.event('done', ({ version }) => version === 2);
    await line.tell('cut');
    await world.write('count.vais', counterSource({ word: 'meanwhile' }));
    await watch.event('disconnected');
    await line.tell('join');
    await watch.event('done', ({ version }) => version === 3);
    await program.line((text) => text.endsWith('meanwhile'));
    watch.kill('SIGINT');
    expect(await watch.exited).toMatchObject({ code: 0 });
  });

  it('that is dead, every command says so and ends', async () => {
    await remote();
    const source = world.path('count.vais');
    await line.tell('cut');
    const commands = [['push', source], ['status'], ['history'], ['rollback', '1'], ['watch', source], ['events']];
    for (const command of commands) {
      const ended = await world.run(...command, '--to', 'box', '--json');
      expect({ command, code: ended.code }).toEqual({ command, code: 6 });
      expect(ended.json.at(-1)).toMatchObject({ event: 'error', code: 'unreachable' });
    }
  });
});
