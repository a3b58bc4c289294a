import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostTriple } from '../../artifact/image/triple.ts';
import { VaisError } from '../../common/error.ts';
import { packageRoot } from '../../common/package-root.ts';
import { compile } from '../../compiler/compile.ts';
import { parseTarget, type Target } from '../../rpc/address.ts';
import { AgentClient } from '../../rpc/client.ts';
import { PushSession } from '../session/push-session.ts';
import type { Context } from '../show/context.ts';
import { Child } from './child.ts';
import { demoName } from './source.ts';

/** Where the demo plays: a folder with a source, a program built from it, an agent, and a session with that. */
export class Stage {
  readonly #context: Context;
  readonly #folder: string;
  readonly #children: Child[] = [];
  #client: AgentClient | undefined;
  #link = '';
  #target: Target | undefined;

  constructor(folder: string, context: Context) {
    this.#folder = folder;
    this.#context = context;
  }

  get file(): string {
    return join(this.#folder, `${demoName}.vais`);
  }

  /** Writes the source, as an editor does when it saves. */
  async save(text: string): Promise<void> {
    await writeFile(this.file, text);
  }

  /** Builds the program. Returns with what, and how many milliseconds it took. */
  async build(): Promise<{ readonly toolchain: string; readonly ms: number }> {
    const output = join(this.#folder, demoName);
    const { signal } = this.#context;
    const result = await compile({ file: this.file, kind: 'program', triple: hostTriple(), output, signal });
    if (!result.ok)
      throw new VaisError('internal', `the demo's own source does not compile: ${result.diagnostics[0]?.message}`);
    return { toolchain: result.toolchain, ms: result.ms.front + result.ms.back };
  }

  /** Starts an agent: the real one, as `vais-remote agent` does. */
  async startAgent(): Promise<Target> {
    const main = join(packageRoot, 'dist', 'cli', 'main.js');
    const data = join(this.#folder, 'agent-data');
    const args = [main, 'agent', '--listen', '127.0.0.1:0', '--data', data, '--insecure', '--json'];
    // So that the demo's agent is not where other programs of this user look for theirs.
    const env = { ...this.#context.env, XDG_RUNTIME_DIR: this.#folder };
    const agent = this.#start('agent', process.execPath, args, env);
    const ready: unknown = JSON.parse(await agent.line(0, this.#context.signal));
    if (!isReady(ready)) throw new VaisError('internal', `the demo's agent is not ready: ${agent.lines[0]}`);
    this.#link = ready.link;
    this.#target = parseTarget(ready.address);
    return this.#target;
  }

  /** Starts the program, which finds the agent by its link. */
  startProgram(): Child {
    const env = { ...this.#context.env, VAIS_HOT_LINK: this.#link, VAIS_HOT_NAME: demoName };
    return this.#start('program', join(this.#folder, demoName), [], env);
  }

  /** Opens a session with the agent, and waits until the program is connected. */
  async openSession(): Promise<{
    readonly session: PushSession;
    readonly client: AgentClient;
    readonly target: Target;
  }> {
    const target = this.#target;
    if (target === undefined) throw new VaisError('internal', 'the demo has no agent yet');
    const client = new AgentClient(target);
    this.#client = client;
    const session = await PushSession.open(client, target.address, this.#context.signal);
    await connected(session, this.#context.signal);
    return { session, client, target };
  }

  /** Ends all that was started. Idempotent. */
  async close(): Promise<void> {
    this.#client?.close();
    await Promise.all(this.#children.map((child) => child.close()));
  }

  #start(name: string, command: string, args: readonly string[], env: Context['env']): Child {
    const child = new Child(name, command, args, { cwd: this.#folder, env });
    this.#children.push(child);
    return child;
  }
}

function connected(session: PushSession, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (session.state.programs.some(({ name }) => name === demoName)) resolve();
    };
    session.onState(look);
    void session.ended.then((error) => reject(error ?? new VaisError('unreachable', 'the demo’s agent has ended')));
    signal.addEventListener('abort', () => reject(signal.reason));
    look();
  });
}

function isReady(value: unknown): value is { address: string; link: string } {
  if (typeof value !== 'object' || value === null || !('address' in value) || !('link' in value)) return false;
  return typeof value.address === 'string' && typeof value.link === 'string';
}
