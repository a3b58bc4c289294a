import { spawn } from 'node:child_process';

export interface Ran {
  /** Undefined when there is no such command. */
  readonly code: number | undefined;
  readonly output: string;
}

/** Output beyond this is dropped: it is only ever shown to explain a failure. */
const outputLimit = 64 * 1024;

/** Runs a command without a shell, `input` on its standard input; waits for its end, or for the signal. */
export function run(
  command: string,
  args: readonly string[],
  input?: string,
  signal?: AbortSignal,
  cwd?: string,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      windowsHide: true,
      ...(cwd === undefined ? {} : { cwd }),
      ...(signal === undefined ? {} : { signal }),
    });
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
    // A compiler that fails early closes its input; what it says is what counts.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
