/**
 * Starts the real commands from dist/, real agents and real programs, each test in a folder and with a link of its own: on
 * this machine, or on another one (`tests/scenario/machine.ts`).
 */
import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PushSession } from '../../cli/session/push-session.ts';
import type { StatusReport } from '../../cli/show/report.ts';
import { statusReports } from '../../cli/show/status-report.ts';
import { packageRoot } from '../../common/package-root.ts';
import { parseTarget } from '../../rpc/address.ts';
import { AgentClient } from '../../rpc/client.ts';
import { type Machine, type Role, thisMachine } from '../scenario/machine.ts';
import { type Line, Running } from './running.ts';

export type { Line, Running };

const vaisRemote = join(packageRoot, 'dist', 'cli', 'main.js');
const vaisc = join(packageRoot, 'dist', 'compiler', 'main.js');

/** An agent that runs. */
export interface Agent {
  readonly process: Running;
  readonly address: string;
  readonly link: string;
  readonly data: string;
}

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly json: Line[];
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with all that a test starts; `close` ends it and removes it. */
export class World {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'vais-e2e-')));
  /** Where the commands put what they need for a while: empty again when they have ended. */
  readonly temporary = join(this.folder, 'tmp');
  readonly machine: Machine;
  /** Where the agent listens for programs, once there is one. */
  #link = join(this.folder, 'no-agent.sock');
  readonly #started: Running[] = [];
  readonly #agents: Running[] = [];
  readonly #clients: AgentClient[] = [];

  constructor(machine: Machine = thisMachine) {
    this.machine = machine;
    mkdirSync(this.temporary);
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** Nothing of the developer's own agents: every test has a link and a temporary folder of its own. */
  get env(): NodeJS.ProcessEnv {
    const { VAIS_REMOTE_TO: _to, VAIS_HOT_NAME: _name, VAIS_HOT_LINK: _link, ...rest } = process.env;
    const own = {
      VAIS_HOT_LINK: this.#link,
      XDG_RUNTIME_DIR: this.folder,
      XDG_CONFIG_HOME: this.path('config'),
      XDG_CACHE_HOME: this.path('cache'),
      TMPDIR: this.temporary,
    };
    return { ...rest, ...own, ...this.machine.env, NO_COLOR: '1' };
  }

  start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    const running = new Running(command, args, { cwd: this.folder, env: { ...this.env, ...env } });
    this.#started.push(running);
    return running;
  }

  /** A long-lived `vais-remote` command. */
  remote(...args: string[]): Running {
    return this.#startNode('vais-remote', args);
  }

  /** A `vais-remote` command, run to its end. With --json, its lines are read. */
  run(...args: string[]): Promise<Ended> {
    return this.#runTo('vais-remote', args);
  }

  vaisc(...args: string[]): Promise<Ended> {
    return this.#runTo('vaisc', args);
  }

  /** What bash makes of a script. */
  async bash(script: string): Promise<Pick<Ended, 'code' | 'stdout'>> {
    const running = this.start('bash', ['-c', script]);
    const { code } = await running.exited;
    return { code, stdout: running.lines.join('\n') };
  }

  async write(name: string, text: string): Promise<string> {
    await writeFile(this.path(name), text);
    return this.path(name);
  }

  /** Builds a program from a source with `vaisc build`. Returns its path. */
  async build(source: string, program = source.replace(/\.vais$/, '')): Promise<string> {
    const { code, stderr, stdout } = await this.vaisc('build', source, '-o', program, ...(this.machine.build ?? []));
    if (code !== 0) throw new Error(`vaisc build ended with ${code}: ${stderr}${stdout}`);
    return this.path(program);
  }

  async startAgent(options: { listen?: string; run?: string } = {}): Promise<Agent> {
    const { listen = '127.0.0.1:0', run } = options;
    const data = this.path('agent-data');
    const more = run === undefined ? [] : ['--run', run];
    const agent = this.#startNode('agent', ['--listen', listen, '--data', data, '--insecure', '--json', ...more]);
    const ready = JSON.parse(await agent.line(() => true)) as { event: string; address: string; link: string };
    if (ready.event !== 'ready') throw new Error(`the agent's first line: ${JSON.stringify(ready)}`);
    this.#link = ready.link;
    return { process: agent, address: ready.address, link: ready.link, data };
  }

  /** An agent with TLS, and the token that it prints for the first developer. */
  async startGuarded(...more: string[]): Promise<Agent & { readonly token: string }> {
    const data = this.path('agent-data');
    const listen = more.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
    const agent = this.#startNode('agent', [...listen, '--data', data, '--json', ...more]);
    const ready = await agent.event('ready');
    this.#link = String(ready['link']);
    const token = (await agent.line((line) => /"event":"(?:token|linked|started)"/.test(line))) ?? '';
    const { token: text = '' } = JSON.parse(token) as { token?: string };
    return { process: agent, address: String(ready['address']), link: this.#link, data, token: text };
  }

  startProgram(path: string, env: NodeJS.ProcessEnv = {}): Running {
    const [command, ...args] = this.machine.program(path);
    return this.start(command, args, env);
  }

  /** Waits until the agent's programs are as `is` says. Returns what it took for that. */
  async until(address: string, is: (rows: StatusReport[]) => boolean): Promise<StatusReport[]> {
    const client = new AgentClient(parseTarget(address));
    this.#clients.push(client);
    const over = new AbortController();
    const session = await PushSession.open(client, address, over.signal);
    const rows = await new Promise<StatusReport[]>((resolve, reject) => {
      const look = (): void => {
        const found = statusReports(session.state);
        if (is(found)) resolve(found);
      };
      session.onState(look);
      void session.ended.then((error) => reject(error ?? new Error('the session ended')));
      look();
    });
    over.abort();
    client.close();
    return rows;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    // An agent that is told to stop ends the programs that it runs; one that is killed leaves them running.
    for (const agent of this.#agents) if (!agent.over) agent.kill('SIGTERM');
    await Promise.all(this.#agents.map(({ exited }) => exited));
    await endOrphans(this.path('agent-data', 'run'));
    for (const running of this.#started) if (!running.over) running.kill('SIGKILL');
    await Promise.all(this.#started.map(({ exited }) => exited));
    // A C compiler whose `watch` was killed may still write there for a moment.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 50 });
  }

  #startNode(role: Role, args: readonly string[]): Running {
    const words = role === 'agent' ? ['agent', ...args] : args;
    const [command, ...before] = this.machine.node(role, role === 'vaisc' ? vaisc : vaisRemote);
    const running = this.start(command, [...before, ...words]);
    if (role === 'agent') this.#agents.push(running);
    return running;
  }

  async #runTo(role: Role, args: readonly string[]): Promise<Ended> {
    const running = this.#startNode(role, args);
    const { code } = await running.exited;
    const stdout = running.lines.join('\n');
    return { code, json: args.includes('--json') ? running.json : [], stdout, stderr: running.stderr };
  }
}

/** Ends what an agent that was killed had started. */
async function endOrphans(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith('.pid')) continue;
    const { pid } = JSON.parse(await readFile(join(folder, name), 'utf8')) as { pid: number };
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

/** A program with state: counts, and says how it counts, in which version. `step` is its hot function. */
export function counterSource(step: { by?: number; word?: string; extra?: string } = {}): string {
  const { by = 1, word = 'calm', extra = '' } = step;
  return `# A counter whose state lives in main.
S Count {
    total: i64,
    steps: i64,
}

#[hot]
F step(count: *Count) -> i64 {
    count.total = count.total + ${by}
    count.steps = count.steps + 1
    printf("%d %d %d ${word}\\n", hot_version(), count.steps, count.total)
    fflush(0)
    0
}
${extra}
F main() -> i64 {
    count := Count { total: 0, steps: 0 }
    L true {
        hot_check()
        step(&count)
        usleep(2000)
    }
    0
}
`;
}

/** A line of the counter. */
export function parseCount(line: string): { version: number; steps: number; total: number; word: string } {
  const [version, steps, total, word = ''] = line.split(' ');
  return { version: Number(version), steps: Number(steps), total: Number(total), word };
}
