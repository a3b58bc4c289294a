/**
 * Pushes, and in the middle of each something is killed with SIGKILL: the command, the agent (at an event, at any
 * operation on its data folder, at any time), its check process, the program, or all of them. What is seen afterwards is
 * held to the rules in `oracle.ts`. VAIS_TEST_KILLS says how many rounds, VAIS_TEST_SEED which.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Image, Program } from '../runtime/harness.ts';
import { type AgentProcess, command, Ground, type Said } from './agent-process.ts';
import { Stock } from './harness.ts';
import { Oracle } from './oracle.ts';
import { Disk } from './store/disk.ts';
import { variantOf } from './variants.ts';

const here = process.platform === 'linux' ? '' : ' (needs Linux: LD_PRELOAD and /proc)';
const rounds = Number(process.env['VAIS_TEST_KILLS'] ?? 40);
const seed = Number(process.env['VAIS_TEST_SEED'] ?? Date.now() % 1e9);

const stages = ['received', 'verified', 'staged', 'checked', 'delivered', 'loaded', 'swapped', 'confirmed'];
/** The operations on the disk of one push and its agent's start are about so many. */
const mostOperations = 24;

/** Numbers that look random, and are the same for the same seed. */
function numbers(from: number): (below: number) => number {
  let state = from;
  return (below) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe.skipIf(here !== '')(`killed in the middle of a push${here}`, () => {
  const stock = new Stock();
  const ground = new Ground();
  const disk = new Disk(ground.folder, ground.data);
  const oracle = new Oracle();
  const next = numbers(seed);
  const log: string[] = [];
  let agent: AgentProcess;
  let program: Program;
  let x = 0;

  beforeAll(async () => {
    await stock.build();
    await begin();
    program = await ground.program(stock.program);
    await agent.linked(program.pid);
  });
  afterAll(async () => {
    await ground.close();
    stock.close();
  });

  async function begin(): Promise<void> {
    agent = await ground.start(['--insecure'], disk.environment).ready();
  }

  /** Starts again what has ended, and holds what is there to the rules. */
  async function settle(): Promise<void> {
    if (disk.hasKilled || agent.child.killed) await agent.ended;
    if (program.child.killed) await program.ended;
    disk.heal();
    if (agent.over) {
      oracle.hear(agent);
      await agent.kill();
      await begin();
    }
    const lives = program.child.exitCode === null && program.child.signalCode === null;
    if (!lives) {
      ground.kill(program);
      program = await ground.program(stock.program);
      x = 0;
    }
    await agent.linked(program.pid);
    await oracle.check(agent, program, ground.data);
    const now = Number((await program.pass())['x']);
    // The program that was not killed went on with its state.
    if (lives && now <= x) throw new Error(`the state of the program went back: ${x}, now ${now}`);
    x = now;
  }

  /** Kills what `victim` says, at some time of the push that is about to begin. */
  async function strike(victim: string): Promise<void> {
    const from = agent.said.all.length;
    const way = next(3);
    const stage = stages[next(stages.length)] ?? '';
    const wait = next(40);
    log.push(`kill ${victim} ${way === 0 ? `after ${wait} ms` : `at ${stage}`}`);
    if (way === 0) await sleep(wait);
    else await until((said) => said.event === stage, from);
    if (victim === 'agent' || victim === 'all') agent.child.kill('SIGKILL');
    if (victim === 'program' || victim === 'all') program.kill();
    if (victim === 'check') for (const pid of checksOf(agent)) process.kill(pid, 'SIGKILL');
  }

  /** Returns when it was said, or at once when the push has ended in another way. */
  async function until(test: (said: Said) => boolean, from: number): Promise<void> {
    const over = (said: Said) => ['confirmed', 'refused', 'reverted', 'superseded', 'ended'].includes(said.event);
    await agent.said.first((said) => test(said) || over(said), 'the push', from);
  }

  async function push(image: Image): Promise<void> {
    const session = await agent.session();
    const ended = await Promise.race([session.push(image).ended, session.over.then(() => undefined)]);
    if (ended?.kind === 'ack') oracle.acknowledged(ended.version, image.digest);
    log.push(JSON.stringify(ended ?? 'cut off'));
    session.close();
  }

  async function pushByCommand(image: Image): Promise<void> {
    const args = ['push', image.path, '--to', `${agent.address}/game`, '--json', '--timeout', '8'];
    const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    const at = stages[next(stages.length)];
    log.push(`kill the command at ${at}`);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as Said;
      if (said.event === 'done') oracle.acknowledged(said.version ?? 0, image.digest);
      if (said.event === at) child.kill('SIGKILL');
    });
    await once(child, 'exit');
  }

  async function rollBack(): Promise<void> {
    const confirmed = (await agent.history()).filter(({ outcome }) => outcome === 'OUTCOME_CONFIRMED');
    const { version = 1, digest = '' } = confirmed[next(confirmed.length)] ?? {};
    log.push(`roll back to ${version}`);
    try {
      const answers = agent.client.rollback({ program: 'game', module: 'game', version }, new AbortController().signal);
      for await (const { ack } of answers) if (ack) oracle.acknowledged(ack.version, digest);
    } catch {
      // The agent was killed.
    }
  }

  it(`${rounds} times (seed ${seed})`, { timeout: 60_000 + rounds * 20_000 }, async () => {
    const [good, bad] = [await stock.image('d1'), await stock.image('d2', { FAIL: 'fail_segv' })];
    const counts = new Map<string, number>();
    for (let round = 1; round <= rounds; round += 1) {
      const image = variantOf(next(6) === 0 ? bad : good, round, ground.folder);
      const victims = ['operation', 'agent', 'operation', 'program', 'all', 'check', 'command', 'operation'];
      const victim = victims[next(victims.length)] ?? '';
      counts.set(victim, (counts.get(victim) ?? 0) + 1);
      log.splice(0, log.length - 8);
      log.push(`round ${round}: ${image.digest.slice(0, 8)}`);
      try {
        if (victim === 'command') await pushByCommand(image);
        else {
          const n = 1 + next(mostOperations);
          if (victim === 'operation') {
            log.push(`kill the agent at its operation ${n}`);
            disk.kill(n);
          }
          const work = next(7) === 0 ? rollBack() : push(image);
          // A newer push takes the place of one that has not swapped yet.
          const more = next(8) === 0 ? push(variantOf(good, 100_000 + round, ground.folder)) : undefined;
          if (victim !== 'operation') await strike(victim);
          await Promise.allSettled([work, more]);
        }
        await settle();
      } catch (thrown) {
        throw new Error(`${log.join('; ')}: ${thrown instanceof Error ? thrown.stack : thrown}`);
      }
    }
    // The last word: a push that nobody disturbs.
    const last = variantOf(good, 999_999, ground.folder);
    expect(await (await agent.session()).push(last).ended).toMatchObject({ kind: 'ack' });
    const entries = await oracle.check(agent, program, ground.data);
    const kinds = [...counts].map(([victim, count]) => `${victim} ${count}`).join(', ');
    process.stdout.write(`killed: ${kinds}; ${entries.length} entries, ${entries.at(-1)?.version} versions\n`);
  });
});

/** The check processes of an agent. */
function checksOf({ child }: AgentProcess): number[] {
  try {
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
    return children
      .filter((pid) => pid !== '' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('check-child'))
      .map(Number);
  } catch {
    return []; // It ended meanwhile.
  }
}
