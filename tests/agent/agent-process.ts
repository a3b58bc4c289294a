/** An agent as a process of its own, so that it can be killed, with programs beside it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../common/package-root.ts';
import { parseTarget } from '../../rpc/address.ts';
import { AgentClient } from '../../rpc/client.ts';
import type { HistoryEntry__Output } from '../../rpc/gen/vais/remote/v1/HistoryEntry.ts';
import { Program } from '../runtime/harness.ts';
import { Heard, TestSession } from './harness.ts';

/** The built command. */
export const command = join(packageRoot, 'dist', 'cli', 'main.js');

/** A line of an agent's `--json`, as far as tests look at it. */
export interface Said {
  readonly event: string;
  readonly address?: string;
  readonly message?: string;
  readonly code?: string;
  readonly hint?: string;
  readonly version?: number;
  readonly digest?: string;
  readonly pid?: number;
  readonly token?: string;
  readonly program?: string;
  readonly origin?: string;
}

/** One agent that runs. */
export class AgentProcess {
  readonly said = new Heard<Said>('agent');
  readonly child: ChildProcess;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  stderr = '';
  #client: AgentClient | undefined;
  readonly #sessions: TestSession[] = [];

  constructor(args: readonly string[], environment: Record<string, string>, limit?: string) {
    const all = ['agent', '--listen', '127.0.0.1:0', ...args, '--json'];
    const [first, ...rest] =
      limit === undefined
        ? [process.execPath, command, ...all]
        : ['/bin/sh', '-c', `${limit}; exec "$@"`, 'sh', process.execPath, command, ...all];
    this.child = spawn(first ?? '', rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    if (this.child.stdout !== null)
      createInterface({ input: this.child.stdout }).on('line', (line) => this.said.put(JSON.parse(line) as Said));
    this.ended = once(this.child, 'close').then(([code, signal]) => {
      this.said.put({ event: 'ended' });
      return (code ?? signal) as number | string;
    });
  }

  get over(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Resolves when it serves, or with what it said of why it does not. */
  async begun(): Promise<Said> {
    return this.said.first(({ event }) => event === 'ready' || event === 'error' || event === 'ended', 'ready');
  }

  async ready(): Promise<this> {
    const begun = await this.begun();
    if (begun.event !== 'ready') throw new Error(`the agent did not start: ${JSON.stringify(begun)} ${this.stderr}`);
    this.#client = new AgentClient(parseTarget(begun.address ?? ''));
    return this;
  }

  get address(): string {
    return this.said.all.find(({ event }) => event === 'ready')?.address ?? '';
  }

  get client(): AgentClient {
    if (this.#client === undefined) throw new Error('the agent is not ready');
    return this.#client;
  }

  async session(): Promise<TestSession> {
    const session = new TestSession(this.client);
    this.#sessions.push(session);
    return session.open();
  }

  linked(pid: number): Promise<Said> {
    return this.said.first((said) => said.event === 'linked' && said.pid === pid, `pid ${pid} to be linked`);
  }

  async history(): Promise<HistoryEntry__Output[]> {
    return (await this.client.listHistory('game', 'game')).entries;
  }

  /** Kills it, unless it has ended. */
  async kill(): Promise<void> {
    for (const session of this.#sessions) session.close();
    this.#client?.close();
    if (!this.over) this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** A folder with agents and programs; `close()` ends and removes them all. */
export class Ground {
  readonly folder = mkdtempSync(join(tmpdir(), 'vg-'));
  readonly data = join(this.folder, 'd');
  readonly #agents: AgentProcess[] = [];
  readonly #programs = new Map<Program, NodeJS.Timeout>();

  /** Starts an agent, not yet ready. `limit`: what a shell says before, `ulimit …`. */
  start(
    args: readonly string[] = ['--insecure'],
    environment: Record<string, string> = {},
    limit?: string,
  ): AgentProcess {
    const more = { XDG_RUNTIME_DIR: this.folder, ...environment };
    const agent = new AgentProcess(['--data', this.data, ...args], more, limit);
    this.#agents.push(agent);
    return agent;
  }

  /** Starts a program that makes passes by itself. */
  async program(path: string, env: Record<string, string> = {}): Promise<Program> {
    const program = new Program(path, { link: join(this.data, 'link.sock'), env });
    await program.take('started');
    const timer = setInterval(() => program.child.stdin.writable && program.send('.'), 3);
    this.#programs.set(program, timer);
    return program;
  }

  /** Ends the passes of a program. */
  still(program: Program): void {
    clearInterval(this.#programs.get(program));
  }

  kill(program: Program): void {
    this.still(program);
    this.#programs.delete(program);
    program.kill();
  }

  async close(): Promise<void> {
    for (const program of this.#programs.keys()) this.kill(program);
    for (const agent of this.#agents) await agent.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
