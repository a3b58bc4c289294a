/** Two network namespaces and a line between them: the agent in one, the developer in the other. */
import { type ChildProcessByStdio, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { packageRoot } from '../common/package-root.ts';

const run = promisify(execFile);
const source = join(packageRoot, 'bench', 'line.c');

/** Why there can be no such line here; undefined where there can. */
export function lineMissing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'network namespaces need root on Linux';
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun';
  try {
    execFileSync('ip', ['netns', 'list'], { stdio: 'ignore' });
    execFileSync('gcc', ['--version'], { stdio: 'ignore' });
  } catch {
    return 'ip (of iproute2) and gcc are needed';
  }
  return undefined;
}

/** A line; `close` takes it and the namespaces away. */
export class Line {
  /** Where the agent is to listen. */
  readonly address = '10.77.0.1';
  readonly #spaces: { readonly agent: string; readonly developer: string };
  #program: ChildProcessByStdio<Writable, Readable, null> | undefined;
  #answers: AsyncIterator<string> | undefined;

  /** @param name tells its namespaces from those of others */
  constructor(name: string) {
    this.#spaces = { agent: `vais-${name}-a`, developer: `vais-${name}-d` };
  }

  async open(folder: string, mtu = 1500): Promise<void> {
    const { agent, developer } = this.#spaces;
    const program = join(folder, 'line');
    await run('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', source, '-o', program]);
    for (const space of [agent, developer]) {
      await run('ip', ['netns', 'del', space]).catch(() => undefined);
      await run('ip', ['netns', 'add', space]);
    }
    this.#program = spawn(program, [agent, developer], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#program.stdout })[Symbol.asyncIterator]();
    if ((await this.#answer()) !== 'ready') throw new Error('the line was not made');
    for (const [space, address, peer] of [
      [agent, this.address, '10.77.0.2'],
      [developer, '10.77.0.2', this.address],
    ] as const) {
      const within = ['netns', 'exec', space, 'ip'];
      await run('ip', [...within, 'addr', 'add', address, 'peer', peer, 'dev', 'line']);
      await run('ip', [...within, 'link', 'set', 'line', 'mtu', `${mtu}`, 'txqueuelen', '10000', 'up']);
      await run('ip', [...within, 'link', 'set', 'lo', 'up']);
    }
  }

  /** `delay MS`, `loss PERCENT`: each way. `cut`, `join`. */
  async tell(command: string): Promise<void> {
    this.#program?.stdin.write(`${command}\n`);
    const answer = await this.#answer();
    if (answer !== 'ok') throw new Error(`the line answers ${answer} to ${command}`);
  }

  /** Bytes that went over it so far, with all headers. */
  async count(): Promise<{ readonly toAgent: number; readonly toDeveloper: number }> {
    this.#program?.stdin.write('count\n');
    const [toDeveloper = Number.NaN, toAgent = Number.NaN] = (await this.#answer()).split(' ').map(Number);
    return { toAgent, toDeveloper };
  }

  /** What starts a command at one end. */
  within(end: 'agent' | 'developer'): readonly ['ip', 'netns', 'exec', string] {
    return ['ip', 'netns', 'exec', this.#spaces[end]];
  }

  async close(): Promise<void> {
    if (this.#program !== undefined && this.#program.exitCode === null) {
      const gone = once(this.#program, 'exit');
      this.#program.kill();
      await gone;
    }
    for (const space of Object.values(this.#spaces)) await run('ip', ['netns', 'del', space]).catch(() => undefined);
  }

  async #answer(): Promise<string> {
    const answer = await this.#answers?.next();
    if (answer === undefined || answer.done === true) throw new Error('the line has ended');
    return answer.value;
  }
}
