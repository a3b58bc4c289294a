/** The agent as a process of its own, killed with SIGKILL. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { parseTarget } from '../../rpc/address.ts';
import { AgentClient } from '../../rpc/client.ts';
import { Program } from '../runtime/harness.ts';
import { eventually, Heard, Stock, TestSession } from './harness.ts';

const command = join(packageRoot, 'dist', 'cli', 'main.js');
const stock = new Stock();
beforeAll(() => stock.build());
afterAll(() => stock.close());

interface Said {
  readonly event: string;
  readonly address?: string;
  readonly version?: number;
}

let folder = '';
const children: ChildProcess[] = [];
const programs: Program[] = [];
const closers: (() => void)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vk-'));
});
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  for (const program of programs.splice(0)) program.kill();
  for (const child of children.splice(0)) await kill(child);
  await rm(folder, { recursive: true, force: true });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function start() {
  const args = ['agent', '--listen', '127.0.0.1:0', '--data', join(folder, 'd'), '--insecure', '--json'];
  const child = spawn(process.execPath, [command, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, XDG_RUNTIME_DIR: folder },
  });
  children.push(child);
  const said = new Heard<Said>('agent');
  createInterface({ input: child.stdout }).on('line', (line) => said.put(JSON.parse(line) as Said));
  const { address = '' } = await said.first(({ event }) => event === 'ready', 'ready');
  const client = new AgentClient(parseTarget(address));
  const session = new TestSession(client);
  closers.push(() => {
    session.close();
    client.close();
  });
  await session.open();
  const history = async () =>
    (await client.listHistory('game', 'game')).entries.map(
      ({ version, outcome, desired }) => `${version} ${outcome}${desired ? ' *' : ''}`,
    );
  const runs = async () => (await client.getStatus(false)).programs[0]?.modules[0]?.version;
  return { child, said, session, history, runs, hasLink: () => existsSync(join(folder, 'd', 'link.sock')) };
}

async function startProgram(): Promise<Program> {
  const program = new Program(stock.program, { link: join(folder, 'd', 'link.sock') });
  programs.push(program);
  await program.take('started');
  return program;
}

describe('an agent that is killed', () => {
  it('with a push delivered: the program goes on, and the next agent brings the push to its end', async () => {
    const agent = await start();
    const program = await startProgram();
    await program.pass();
    await agent.said.first(({ event }) => event === 'linked', 'the link');
    const push = agent.session.push(await stock.image('a1'));
    await push.reached('loaded');
    await kill(agent.child);
    expect(agent.hasLink()).toBe(true); // Left behind, and taken over.
    expect(await program.pass()).toMatchObject({ version: '2' });
    const next = await start();
    await eventually(async () => (await next.runs()) === 2, 'the program is back');
    await program.pass();
    await program.pass();
    await next.said.first(({ event, version }) => event === 'confirmed' && version === 2, 'version 2 to be confirmed');
    expect(await next.history()).toEqual(['1 OUTCOME_CONFIRMED', '2 OUTCOME_CONFIRMED *']);
    const more = next.session.push(await stock.image('a3'));
    await more.reached('loaded');
    program.send('....');
    expect(await more.ended).toMatchObject({ kind: 'ack', version: 3 });
  });

  it('together with the program, in probation: the version is tried again, and its end is told truly', async () => {
    const agent = await start();
    const program = await startProgram();
    await program.pass();
    await agent.said.first(({ event }) => event === 'linked', 'the link');
    const push = agent.session.push(await stock.image('b1', { FAIL: 'fail_segv', FAIL_AT: '7' }));
    await push.reached('loaded');
    await program.pass();
    await push.reached('swapped');
    program.kill();
    await kill(agent.child);
    const again = await startProgram();
    const next = await start();
    await next.said.first(({ event, version }) => event === 'loaded' && version === 2, 'version 2 to be loaded');
    again.send('........');
    await next.said.first(({ event, version }) => event === 'reverted' && version === 2, 'version 2 to be reverted');
    await eventually(async () => (await next.history()).join() === '1 OUTCOME_CONFIRMED *,2 OUTCOME_REVERTED', 'so');
    expect(await again.pass()).toMatchObject({ version: '1' });
  });
});
