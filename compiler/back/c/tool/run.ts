import { type ChildProcess, spawn } from 'node:child_process';

export interface Ran {
  /** Undefined when there is no such command. */
  readonly code: number | undefined;
  readonly output: string;
}

/** A command that was started and may still wait for its input. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
  /** Hands it its whole input. */
  finish(input?: string): Promise<Ran>;
  /** Ends it, and what it started: a C compiler's driver removes its temporary files then. */
  stop(): void;
}

/** Where a command runs, and its environment: this process's own unless given. */
export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Output beyond this is dropped: it is only ever shown to explain a failure. */
const outputLimit = 64 * 1024;

/** Starts a command without a shell, its standard input open where it is to get some. */
export function start(command: string, args: readonly string[], hasInput: boolean, options: RunOptions = {}): Started {
  // A group of its own, so that the compiler proper ends with its driver, and writes no file that the driver has removed.
  const detached = process.platform !== 'win32';
  const child = spawn(command, args, {
    stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    windowsHide: true,
    detached,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.environment === undefined ? {} : { env: options.environment }),
  });
  const ended = new Promise<Ran>((resolve, reject) => {
    let output = '';
    const take = (chunk: Buffer): void => {
      if (output.length < outputLimit) output += chunk.toString('utf8');
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'EACCES') resolve({ code: undefined, output: '' });
      else reject(error);
    });
    child.on('close', (code, killed) =>
      resolve({ code: code ?? 1, output: killed === null ? output : `${output}killed by ${killed}` }),
    );
  });
  // A compiler that fails early closes its input; what it says is what counts.
  child.stdin?.on('error', () => undefined);
  return {
    child,
    ended,
    finish(input) {
      child.stdin?.end(input);
      return ended;
    },
    stop() {
      const { pid } = child;
      if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      try {
        if (detached) process.kill(-pid, 'SIGTERM');
        else child.kill('SIGKILL');
      } catch {
        // It has just ended.
      }
    },
  };
}

/** Runs a command with this input and waits for its end; the signal ends it. */
export async function run(
  command: string,
  args: readonly string[],
  input?: string,
  signal?: AbortSignal,
  options: RunOptions = {},
): Promise<Ran> {
  signal?.throwIfAborted();
  return finish(start(command, args, input !== undefined, options), input, signal);
}

/** Hands a started command its input and waits for its end; the signal ends it. */
export async function finish(
  started: Started,
  input: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Ran> {
  const stop = (): void => started.stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const ran = await started.finish(input);
    signal?.throwIfAborted();
    return ran;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
