import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { VaisError } from '../../common/error.ts';

/** How long a process may take to end after it was asked to, in milliseconds. */
const graceMs = 3_000;

/** A process of the demo: its lines of output, and its end. */
export class Child {
  readonly #name: string;
  readonly #process: ChildProcessByStdio<null, Readable, Readable>;
  readonly #exited: Promise<void>;
  /** All lines so far. */
  readonly lines: string[] = [];
  #errors = '';
  readonly #waiting = new Set<() => void>();
  #over = false;

  constructor(
    name: string,
    command: string,
    args: readonly string[],
    options: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
  ) {
    this.#name = name;
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.lines.push(line);
      this.#wake();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-2_000);
    });
    this.#exited = once(child, 'close')
      .catch((error: unknown) => {
        this.#errors += String(error);
      })
      .then(() => {
        this.#over = true;
        this.#wake();
      });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Line number `index`, once it is there. @throws VaisError when the process ends first, or the signal is aborted */
  async line(index: number, signal: AbortSignal): Promise<string> {
    for (;;) {
      const line = this.lines[index];
      if (line !== undefined) return line;
      signal.throwIfAborted();
      if (this.#over) {
        const why = this.#errors.trim().split('\n').slice(-3).join('; ');
        throw new VaisError('internal', `the demo's ${this.#name} ended too early${why === '' ? '' : `: ${why}`}`);
      }
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake);
      });
    }
  }

  /** Ends the process and waits until it is gone. Idempotent. */
  async close(): Promise<void> {
    if (this.#over) return;
    this.#process.kill('SIGTERM');
    const kill = setTimeout(() => this.#process.kill('SIGKILL'), graceMs);
    await this.#exited;
    clearTimeout(kill);
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
