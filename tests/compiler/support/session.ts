import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';

/** A running program that answers each line with lines, the last of which is `.`. */
export class Session {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  readonly ended: Promise<string>;

  constructor(path: string, cwd: string) {
    // No agent: what the tests look at is the program alone.
    this.#child = spawn(path, [], { cwd, env: { ...process.env, VAIS_HOT_LINK: '/nonexistent/link.sock' } });
    this.#reader = createInterface({ input: this.#child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
    this.ended = new Promise((resolve) => this.#child.once('close', (code, signal) => resolve(String(signal ?? code))));
  }

  /** Sends one line and gives the answer without its `.`. */
  async ask(line = ''): Promise<string[]> {
    this.#child.stdin.write(`${line}\n`);
    const answer: string[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`the program ended with ${await this.ended} after ${JSON.stringify(answer)}`);
      if (value === '.') return answer;
      answer.push(value);
    }
  }

  async close(): Promise<string> {
    this.#child.stdin.end();
    const ended = await this.ended;
    this.#reader.close();
    return ended;
  }
}
