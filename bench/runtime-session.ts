import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';

/** A library to be delivered. */
export interface Image {
  readonly path: string;
  readonly digest: string;
  readonly size: number;
}

export async function readImage(path: string): Promise<Image> {
  const bytes = await readFile(path);
  return { path, digest: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
}

export type Line = Readonly<Record<string, string>>;

/** One program and its link. */
export class Session {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #socket: Socket;
  readonly #close: () => void;
  #lines: Line[] = [];
  #output: string[] = [];
  #wake: () => void = () => {};
  #nonce = 0;

  private constructor(child: ChildProcessWithoutNullStreams, socket: Socket, close: () => void) {
    this.child = child;
    this.#socket = socket;
    this.#close = close;
    eachLine(socket, (text) => {
      const [verb = '', ...pairs] = text.split(' ');
      const entries = pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
      this.#lines.push({ ...Object.fromEntries(entries), verb });
      this.#wake();
    });
    eachLine(child.stdout, (text) => {
      this.#output.push(text);
      this.#wake();
    });
    child.on('exit', () => this.#wake());
  }

  static async start(
    folder: string,
    program: string,
    env: Readonly<Record<string, string>> = {},
    args: readonly string[] = [],
  ): Promise<Session> {
    const path = join(folder, 'link.sock');
    const server = createServer();
    server.listen(path);
    await once(server, 'listening');
    const child = spawn(program, args, { env: { VAIS_HOT_LINK: path, XDG_RUNTIME_DIR: folder, ...env } });
    child.stderr.pipe(process.stderr);
    const [socket] = (await once(server, 'connection')) as [Socket];
    const session = new Session(child, socket, () => server.close());
    socket.write('welcome protocol=1 agent=bench\n');
    await session.output('started');
    return session;
  }

  letters(text: string): void {
    this.child.stdin.write(text);
  }

  load(version: number, image: Image | 'builtin'): string {
    const nonce = String(++this.#nonce);
    const what = image === 'builtin' ? 'builtin=1' : `digest=${image.digest} size=${image.size} path=${image.path}`;
    this.#socket.write(`load module=bench version=${version} nonce=${nonce} ${what}\n`);
    return nonce;
  }

  async line(verb: string, nonce: string): Promise<Line> {
    return this.#wait(() => {
      const at = this.#lines.findIndex((line) => line['verb'] === verb && line['nonce'] === nonce);
      if (at < 0) return undefined;
      const found = this.#lines[at];
      this.#lines = this.#lines.slice(at + 1);
      return found;
    }, `${verb} ${nonce}`);
  }

  /** The next line of output that begins so. */
  async output(start: string): Promise<string> {
    return this.#wait(() => {
      const at = this.#output.findIndex((line) => line.startsWith(start));
      const found = this.#output[at];
      if (found !== undefined) this.#output.splice(0, at + 1);
      return found;
    }, start);
  }

  async #wait<T>(look: () => T | undefined, what: string): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`the program ended; waited for ${what}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Loads a version, lets the program pass, waits for its end; returns the report of the swap. */
  async push(version: number, image: Image | 'builtin'): Promise<Line> {
    const nonce = this.load(version, image);
    await this.line('loaded', nonce);
    this.letters('.');
    const swapped = await this.line('swapped', nonce);
    this.letters('..');
    await this.line('confirmed', nonce);
    return swapped;
  }

  async residentKiB(): Promise<number> {
    const status = await readFile(`/proc/${this.child.pid}/smaps_rollup`, 'utf8');
    return Number(/Pss:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN);
  }

  async end(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.letters('q');
    await ended;
    this.#socket.destroy();
    this.#close();
  }
}

function eachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (data: string) => {
    const lines = (rest + data).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
}

/** One call is enough to confirm a version. */
export const fewCalls = { VAIS_HOT_PROBATION_CALLS: '1' };
