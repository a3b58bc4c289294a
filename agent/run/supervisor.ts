import { spawn, spawnSync } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import { makePrivateFolder, placeFile, readIfThere } from '../../common/files.ts';
import { damaged, seal, unseal } from '../../common/sealed.ts';
import type { Say } from '../say/notice.ts';
import { findByEnvironment, startedBy } from './orphan.ts';
import { OutputFollower } from './output.ts';
import { startTimeOf, whenGone } from './process.ts';
import { invocationOf, type RunOrder } from './run-order.ts';

/** Restarts wait this long at first, then twice as long each time, up to the second; milliseconds. */
const backoff = { first: 100, most: 10_000 };
/** A program that ran this long had started well: the next wait is the first one again. */
const ranWellMs = 10_000;
/** How long a program may take to end when it is asked to. */
const graceMs = 5_000;

/** What is said of a command that cannot run as it is: once, and it is tried again at the longest wait. */
const notRun = 'cannot be run: ';

interface PidFile {
  readonly format: 2;
  readonly pid: number;
  readonly startTime: string | undefined;
}

/**
 * Runs one program for as long as the agent runs. When an agent was killed, its program goes on; the next agent finds
 * it by the pid file and takes it over instead of starting a second one.
 */
export class Supervisor {
  readonly #order: RunOrder;
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #say: Say;
  readonly #stopping = new AbortController();
  #pid: number | undefined;
  #lastExit: string | undefined;
  #exited: (() => void)[] = [];
  #done: Promise<void> = Promise.resolve();
  #output: OutputFollower | undefined;

  constructor(order: RunOrder, dataFolder: string, environment: NodeJS.ProcessEnv, say: Say) {
    this.#order = order;
    this.#folder = join(dataFolder, 'run');
    this.#environment = { ...environment, [startedBy]: dataFolder };
    this.#say = say;
  }

  get name(): string {
    return this.#order.name;
  }

  /** Starts or takes over the program. @throws VaisError `storage` */
  async start(): Promise<void> {
    await makePrivateFolder(this.#folder);
    this.#output = await OutputFollower.start(this.#path('log'), (text) =>
      this.#say({ event: 'output', program: this.name, text }),
    );
    const adopted = await this.#findOrphan();
    this.#done = this.#keepRunning(this.#output, adopted).catch((thrown: unknown) => this.#warn(thrown));
  }

  /** What the program wrote, and writes: as `OutputFollower.listen`. */
  async listen(lines: number, onLines: (lines: readonly string[]) => void): Promise<() => void> {
    return (await this.#output?.listen(lines, onLines)) ?? (() => undefined);
  }

  /** How the program ended, as soon as it has. */
  async exit(signal: AbortSignal): Promise<string | undefined> {
    if (this.#pid === undefined && this.#lastExit !== undefined) return this.#lastExit;
    await new Promise<void>((resolve) => {
      this.#exited.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    return signal.aborted ? undefined : this.#lastExit;
  }

  /** Ends the program: asks first, then kills. Idempotent. */
  async close(): Promise<void> {
    this.#stopping.abort();
    const pid = this.#pid;
    if (pid !== undefined) {
      killGroup(pid, 'SIGTERM');
      const grace = new AbortController();
      await Promise.race([this.#done, sleep(graceMs, undefined, { signal: grace.signal }).catch(() => undefined)]);
      grace.abort();
      if (this.#pid === pid) killGroup(pid, 'SIGKILL');
    }
    await this.#done;
    await this.#output?.close();
  }

  async #keepRunning(output: OutputFollower, adopted: number | undefined): Promise<void> {
    let wait = backoff.first;
    let orphan = adopted;
    let said: string | undefined;
    while (!this.#stopping.signal.aborted) {
      const startedAt = performance.now();
      const how = await this.#runOnce(orphan);
      orphan = undefined;
      await output.flush();
      if (this.#stopping.signal.aborted) {
        this.#say({ event: 'exited', program: this.name, how });
        break;
      }
      if (performance.now() - startedAt > ranWellMs) wait = backoff.first;
      const cannot = how.startsWith(notRun);
      if (cannot) wait = backoff.most; // It may be there one day.
      if (!cannot || how !== said) this.#say({ event: 'exited', program: this.name, how, restartMs: wait });
      said = how;
      await sleep(wait, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      wait = Math.min(wait * 2, backoff.most);
    }
    await rm(this.#path('pid'), { force: true });
  }

  /** Starts the program, or takes an orphan over, and waits for its end. Says how it ended. */
  async #runOnce(orphan: number | undefined): Promise<string> {
    try {
      return this.#end(orphan === undefined ? await this.#run() : await this.#follow(orphan));
    } catch (thrown) {
      return this.#end(`could not be started: ${VaisError.from(thrown).message}`);
    }
  }

  async #run(): Promise<string> {
    const log = await open(this.#path('log'), 'a', 0o600);
    try {
      if (this.#stopping.signal.aborted) return 'was not started';
      const { file, args, shell } = invocationOf(this.#order.command);
      const child = spawn(file, args, {
        shell,
        // Its own process group, so that what the shell starts can be ended with it. On Windows: not to end with us.
        detached: true,
        windowsHide: true,
        stdio: ['ignore', log.fd, log.fd],
        env: this.#environment,
      });
      const ended = new Promise<string>((resolve) => {
        child.once('error', (error) => resolve(notRun + describeFault(error, file)));
        child.once('exit', (code, signal) => resolve(describeExit(code, signal, shell)));
      });
      if (child.pid !== undefined) await this.#begin(child.pid, false);
      const how = await ended;
      // What the shell left behind would run beside the next start. On Windows nothing says what that is.
      if (child.pid !== undefined && process.platform !== 'win32') killGroup(child.pid, 'SIGKILL');
      return how;
    } finally {
      await log.close();
    }
  }

  async #follow(pid: number): Promise<string> {
    await this.#begin(pid, true);
    await whenGone(pid, this.#stopping.signal);
    if (this.#stopping.signal.aborted) await whenGone(pid, AbortSignal.timeout(graceMs + 1_000));
    if (process.platform !== 'win32') killGroup(pid, 'SIGKILL');
    return 'ended';
  }

  async #begin(pid: number, adopted: boolean): Promise<void> {
    this.#pid = pid;
    this.#say({ event: 'started', program: this.name, pid, adopted }); // At once: before what the program itself says.
    const file: PidFile = { format: 2, pid, startTime: await startTimeOf(pid) };
    try {
      placeFile(this.#path('pid'), seal(file));
    } catch (thrown) {
      this.#warn(thrown);
    }
  }

  #end(how: string): string {
    this.#pid = undefined;
    this.#lastExit = how;
    for (const resolve of this.#exited.splice(0)) resolve();
    return how;
  }

  async #findOrphan(): Promise<number | undefined> {
    const text = await readIfThere(this.#path('pid')).catch(() => '');
    const file = text === undefined ? undefined : parsePidFile(text);
    if (text !== undefined && file === undefined)
      this.#warn(damaged(this.#path('pid'), 'the program is looked for by its environment'));
    if (file?.startTime !== undefined && (await startTimeOf(file.pid)) === file.startTime) return file.pid;
    return findByEnvironment(this.#environment);
  }

  #warn(thrown: unknown): void {
    this.#say({ event: 'warning', message: `${this.name}: ${VaisError.from(thrown).message}` });
  }

  #path(kind: 'pid' | 'log'): string {
    return join(this.#folder, `${digestOf(this.name).slice(0, 16)}.${kind}`);
  }
}

/** Windows has no signals: whoever is told to end there is ended, with what it started. */
function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    if (process.platform !== 'win32') process.kill(-pid, signal);
    else if (spawnSync('taskkill', ['/t', '/f', '/pid', String(pid)], { windowsHide: true }).status !== 0)
      process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
}

function describeFault(error: NodeJS.ErrnoException, file: string): string {
  if (error.code === 'ENOENT') return `there is no ${file}`;
  return error.code === 'EACCES' ? `${file} may not be executed` : error.message;
}

/**
 * A shell reports a signal of its last command as 128 and the signal's number; 126 and 127 where it cannot start it. Windows
 * reports a crash by its exception.
 */
function describeExit(code: number | null, signal: NodeJS.Signals | null, shell: boolean): string {
  if (shell && code === 127) return `${notRun}the shell finds no such command (exit code 127)`;
  if (shell && code === 126) return `${notRun}the shell may not execute it (exit code 126)`;
  if (code !== null && code >= 0x80000000) return `died of exception 0x${code.toString(16)}`;
  const names: Readonly<Record<number, string>> = {
    4: 'SIGILL',
    6: 'SIGABRT',
    7: 'SIGBUS',
    8: 'SIGFPE',
    9: 'SIGKILL',
    11: 'SIGSEGV',
    15: 'SIGTERM',
  };
  const name = signal ?? (code !== null && code > 128 ? names[code - 128] : undefined);
  return name === undefined ? `ended with exit code ${code}` : `died of ${name}`;
}

function parsePidFile(text: string): Omit<PidFile, 'format'> | undefined {
  try {
    const { pid, startTime } = unseal('', text, 2);
    return typeof pid === 'number' && typeof startTime === 'string' ? { pid, startTime } : undefined;
  } catch {
    return undefined;
  }
}
