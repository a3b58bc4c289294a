import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { VaisError } from '../../common/error.ts';
import { machineCause } from '../../common/machine.ts';
import { packageRoot } from '../../common/package-root.ts';
import {
  type CheckAnswer,
  type CheckRequest,
  type CheckStage,
  checkChannel,
  formatCheckLine,
  maxCheckLine,
  parseCheckAnswer,
} from './check-protocol.ts';
import { nodeCommand } from './node-command.ts';

/** How a check ended. `lost` when the process did, before it came to the image: that says nothing about it. */
export type CheckVerdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly error: VaisError }
  | { readonly kind: 'lost'; readonly error: VaisError };

const startDeadlineMs = 20_000;
const closeDeadlineMs = 5_000;
const program = join(packageRoot, 'dist', 'agent', 'check', 'check-child.js');

const during: Readonly<Record<CheckStage, string>> = {
  load: 'while it was loaded',
  read: 'while its description was read',
  unload: 'while it was unloaded',
};

/** One check process: starts, checks one image, and is killed. Owns the process and its pipe. */
export class CheckProcess {
  readonly #child: ChildProcess;
  #channel: Duplex | undefined;
  #ready = false;
  #ended = false;
  #killed = false;
  #text = '';
  #stage: CheckStage | undefined;
  #listener: ((verdict: CheckVerdict) => void) | undefined;
  #startListener: (() => void) | undefined;
  readonly #exited: Promise<unknown>;

  constructor() {
    // A group of its own, so that what a library starts ends with it, and a Ctrl-C meant for the agent misses it. Nothing
    // of the agent's environment, nor its streams, which carry its output.
    const [node, ...loading] = nodeCommand;
    this.#child = spawn(node, [...loading, '--no-warnings', program], {
      cwd: '/',
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    this.#exited = once(this.#child, 'exit').catch(() => undefined);
    this.#child.on('error', (cause) => this.#end(`cannot be started: ${cause.message}`, cause));
    this.#child.on('exit', (code, signal) => this.#end(describeExit(code, signal)));
    // There is none where no process could be made; the error that says so comes as an event.
    const channel: unknown = (this.#child.stdio as readonly unknown[] | undefined)?.[checkChannel];
    if (!(channel instanceof Duplex)) return;
    this.#channel = channel;
    // What happened shows in the exit; a broken pipe is only its shadow.
    channel.on('error', () => undefined);
    channel.setEncoding('utf8').on('data', (text: string) => this.#read(text));
  }

  /** Loads the image. Never rejects. Once. */
  async check(request: CheckRequest, deadlineMs: number): Promise<CheckVerdict> {
    return (await this.#start()) ?? (await this.#ask(request, deadlineMs));
  }

  #kill(): void {
    this.#ended = true;
    const { pid } = this.#child;
    // Once: later the number may be that of somebody else.
    if (pid === undefined || this.#killed) return;
    this.#killed = true;
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
    } catch {
      // Nobody is left in the group.
    }
    this.#channel?.destroy();
  }

  /** Ends it and waits until it is gone. */
  async close(): Promise<void> {
    this.#kill();
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    await withDeadline(closeDeadlineMs, this.#exited);
  }

  /** Waits for the first line of it. A verdict when it does not come. */
  async #start(): Promise<CheckVerdict | undefined> {
    if (this.#ready || this.#ended) return undefined;
    return await new Promise((resolve) => {
      const finish = (verdict?: CheckVerdict) => {
        clearTimeout(timer);
        this.#startListener = undefined;
        this.#listener = undefined;
        resolve(verdict);
      };
      const timer = setTimeout(() => finish(lost('the check process did not start in time')), startDeadlineMs);
      this.#startListener = () => finish();
      this.#listener = finish;
    });
  }

  async #ask(request: CheckRequest, deadlineMs: number): Promise<CheckVerdict> {
    if (this.#ended) return lost('the check process has ended');
    return await new Promise((resolve) => {
      const finish = (verdict: CheckVerdict) => {
        clearTimeout(timer);
        this.#listener = undefined;
        resolve(verdict);
      };
      const timer = setTimeout(() => {
        const late = `not done within ${deadlineMs} ms`;
        if (this.#stage === undefined) finish(lost(`the check process did not come to the image: ${late}`));
        else finish(failed(`the library hung ${during[this.#stage]}: ${late}`));
      }, deadlineMs);
      this.#stage = undefined;
      this.#listener = finish;
      this.#channel?.write(formatCheckLine(request));
    });
  }

  #read(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) this.#hear(parseCheckAnswer(line));
    if (this.#text.length > maxCheckLine) this.#hear(undefined);
  }

  #hear(answer: CheckAnswer | undefined): void {
    if (this.#ended) return;
    if (answer === undefined) {
      this.#listener?.(failed(`the library wrote to the pipe of the check process ${during[this.#stage ?? 'load']}`));
      this.#kill();
    } else if (answer.kind === 'ready') {
      this.#ready = true;
      this.#startListener?.();
    } else if (answer.kind === 'stage') {
      this.#stage = answer.stage;
    } else if (answer.kind === 'passed') {
      this.#listener?.(answer);
    } else {
      this.#listener?.({ kind: 'failed', error: VaisError.saying(answer.code, answer.message) });
    }
  }

  #end(how: string, cause?: unknown): void {
    this.#ended = true;
    if (this.#stage === undefined) this.#listener?.(lost(`the check process ${how}`, cause));
    else this.#listener?.(failed(`the library ${how} ${during[this.#stage]}`));
    this.#kill();
  }
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === 'SIGKILL') return 'was killed with SIGKILL, perhaps since it used up the memory,';
  if (signal !== null) return `crashed with ${signal}`;
  // On Windows a crash is an exit with the code of the exception.
  const isException = process.platform === 'win32' && code !== null && code >= 0x80000000;
  return isException ? `crashed with exception 0x${code.toString(16)}` : `ended the process with exit code ${code}`;
}

function failed(message: string): CheckVerdict {
  return { kind: 'failed', error: VaisError.saying('check_failed', message) };
}

function lost(message: string, cause?: unknown): CheckVerdict {
  return {
    kind: 'lost',
    error: new VaisError('machine', `${message}, so the image could not be checked`, {
      hint:
        machineCause(cause)?.hint ??
        'Push again. If it comes back, is there enough memory, and is vais-remote installed whole (`npm ci`)?',
      cause,
    }),
  };
}

async function withDeadline(ms: number, event: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([event, deadline]);
  clearTimeout(timer);
}
