/** A process as a test sees it: its lines as they come, and how it ended. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** A JSON line of a command, as far as a test looks at it. */
export type Line = Readonly<Record<string, unknown>> & { readonly event: string };

/** A process, its output line by line, and its end. */
export class Running {
  readonly #process: ChildProcessByStdio<null, Readable, Readable>;
  readonly lines: string[] = [];
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  stderr = '';
  #over = false;
  readonly #waiting = new Set<() => void>();

  constructor(command: string, args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
    this.#process = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      this.lines.push(line);
      this.#wake();
    });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exited = once(this.#process, 'close').then(([code, signal]) => {
      this.#over = true;
      this.#wake();
      return { code, signal };
    });
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  get over(): boolean {
    return this.#over;
  }

  get json(): Line[] {
    return this.lines.map((line) => JSON.parse(line) as Line);
  }

  /** The first line from number `from` on that `find` takes, once it is there. */
  async line(find: (line: string) => boolean, from = 0): Promise<string> {
    for (let index = from; ; index += 1) {
      while (index >= this.lines.length) {
        if (this.#over)
          throw new Error(`the process ended first; it said ${this.lines.slice(-5).join('\n')} ${this.stderr}`);
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
      const line = this.lines[index];
      if (line !== undefined && find(line)) return line;
    }
  }

  /** The first JSON line of this event that `matches`, from line `from` on. */
  async event(event: string, matches: (line: Line) => boolean = () => true, from = 0): Promise<Line> {
    const isIt = (text: string): boolean => {
      const line = JSON.parse(text) as Line;
      return line.event === event && matches(line);
    };
    return JSON.parse(await this.line(isIt, from)) as Line;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
