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
}

/** Output beyond this is dropped: it is only ever shown to explain a failure. */
const outputLimit = 64 * 1024;

/** Starts a command without a shell, its standard input open where it is to get some. */
export function start(command: string, args: readonly string[], hasInput: boolean, cwd?: string): Started {
  const child = spawn(command, args, {
    stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    windowsHide: true,
    ...(cwd === undefined ? {} : { cwd }),
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
  };
}

/** Runs a command with this input and waits for its end; the signal ends it. */
export async function run(
  command: string,
  args: readonly string[],
  input?: string,
  signal?: AbortSignal,
  cwd?: string,
): Promise<Ran> {
  signal?.throwIfAborted();
  return finish(start(command, args, input !== undefined, cwd), input, signal);
}

/** Hands a started command its input and waits for its end; the signal ends it. */
export async function finish(
  started: Started,
  input: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Ran> {
  const stop = (): void => void started.child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const ran = await started.finish(input);
    signal?.throwIfAborted();
    return ran;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
