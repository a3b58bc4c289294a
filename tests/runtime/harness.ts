/** What the runtime's tests share: real C programs, real images, and an agent's side of the link on a real socket. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runtimeFolder, runtimeObjects } from './objects.ts';

const run = promisify(execFile);

export { runtimeFolder } from './objects.ts';
export const fixtures = join(import.meta.dirname, 'fixtures');

/** How long a wait may last before it is a failure; nothing waits this long when it works. */
const deadline = 30_000;

/** A short folder name: a Unix socket's path has only 107 bytes. */
export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'vrt-'));
}

export function hasTool(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, name)));
}

async function compile(compiler: string, args: readonly string[]): Promise<void> {
  await run(compiler, [`-I${runtimeFolder}`, ...args], { maxBuffer: 1 << 24 });
}

/** Builds a fixture with the runtime linked in; returns the program's path. */
export async function buildProgram(
  folder: string,
  options: {
    compiler?: string;
    source?: string;
    flags?: readonly string[];
    name?: string;
    libraries?: readonly string[];
  } = {},
): Promise<string> {
  const path = join(folder, options.name ?? 'game');
  const source = join(fixtures, options.source ?? 'program.c');
  const flags = options.flags ?? ['-O2', '-Wall', '-Wextra', '-Werror'];
  const compiler = options.compiler ?? 'gcc';
  await compile(compiler, [
    ...flags,
    source,
    ...(await runtimeObjects(compiler, flags)),
    '-o',
    path,
    ...(options.libraries ?? ['-lpthread', '-ldl', '-lm']),
  ]);
  return path;
}

export interface Image {
  readonly path: string;
  readonly digest: string;
  readonly size: number;
  readonly build: string;
}

export function readImage(path: string, build: string): Image {
  const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
  return { path, digest, size: statSync(path).size, build };
}

let imageCount = 0;

/** Builds a version of the fixture image. `build` is the last four digits of its build id. */
export async function buildImage(
  folder: string,
  build: string,
  options: { compiler?: string; source?: string; defines?: Readonly<Record<string, string>>; flags?: string[] } = {},
): Promise<Image> {
  const path = join(folder, `image-${++imageCount}.so`);
  const defines = Object.entries({ BUILD: build, STEP: '10', ...options.defines });
  await compile(options.compiler ?? 'gcc', [
    ...defines.map(([key, value]) => `-D${key}=${value}`),
    ...(options.flags ?? []),
    '-shared',
    '-fPIC',
    join(fixtures, options.source ?? 'image.c'),
    '-o',
    path,
  ]);
  return readImage(path, build.padStart(32, '0'));
}

/** One line of the link, docs/link.md. */
export interface Line {
  readonly verb: string;
  readonly [key: string]: string;
}

export function parseLine(text: string): Line {
  const [verb, ...pairs] = text.split(' ');
  const line: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    line[pair.slice(0, at)] = Buffer.from(
      pair.slice(at + 1).replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      'latin1',
    ).toString('utf8');
  }
  return { ...line, verb: verb ?? '' };
}

export function formatLine(verb: string, pairs: Readonly<Record<string, string | number>>): string {
  const parts = Object.entries(pairs).map(([key, value]) => {
    let text = '';
    for (const byte of Buffer.from(String(value))) {
      const plain = byte >= 0x21 && byte !== 0x25 && byte !== 0x7f;
      text += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    }
    return ` ${key}=${text}`;
  });
  return `${verb}${parts.join('')}\n`;
}

/** Items that come one after another, to be waited for by what they are. What was waited for is gone. */
class Inbox<T> {
  readonly #items: T[] = [];
  #wake: (() => void)[] = [];
  #over: string | undefined;
  readonly #what: string;

  constructor(what: string) {
    this.#what = what;
  }

  put(item: T): void {
    this.#items.push(item);
    const wake = this.#wake;
    this.#wake = [];
    for (const next of wake) next();
  }

  /** Nothing more comes. */
  end(why: string): void {
    this.#over = why;
    const wake = this.#wake;
    this.#wake = [];
    for (const next of wake) next();
  }

  get all(): readonly T[] {
    return this.#items;
  }

  async take(matches: (item: T) => boolean, wanted: string): Promise<T> {
    const until = Date.now() + deadline;
    for (;;) {
      const at = this.#items.findIndex(matches);
      const found = this.#items[at];
      if (found !== undefined) {
        this.#items.splice(at, 1);
        return found;
      }
      const left = until - Date.now();
      if (left <= 0 || this.#over !== undefined) {
        throw new Error(
          `${this.#what}: waited in vain for ${wanted}; ${this.#over ?? ''} there were ${JSON.stringify(this.#items)}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}

/** The agent's side of the link, as a test plays it. */
export class Agent {
  readonly #server: Server;
  #socket: Socket | undefined; // the newest
  readonly #sockets = new Set<Socket>();
  #nonce = 0;
  readonly lines = new Inbox<Line>('link');
  readonly #autoWelcome: boolean;

  private constructor(autoWelcome: boolean) {
    this.#autoWelcome = autoWelcome;
    this.#server = createServer((socket) => {
      this.#socket = socket;
      this.#sockets.add(socket);
      let rest = '';
      socket.setEncoding('utf8');
      socket.on('error', () => {});
      socket.on('data', (data: string) => {
        const texts = (rest + data).split('\n');
        rest = texts.pop() ?? '';
        for (const text of texts) {
          const line = parseLine(text);
          if (line.verb === 'hello' && this.#autoWelcome) this.send('welcome', { protocol: 1, agent: '0.1.0' });
          this.lines.put(line);
        }
      });
      socket.on('close', () => this.lines.put({ verb: 'closed' }));
    });
  }

  /** @param at a path, or a port of this machine; 0: any */
  static async listen(at: string | number, options: { welcome?: boolean } = {}): Promise<Agent> {
    const agent = new Agent(options.welcome ?? true);
    await new Promise<void>((resolve, reject) => {
      agent.#server.once('error', reject);
      if (typeof at === 'string') agent.#server.listen(at, resolve);
      else agent.#server.listen(at, '127.0.0.1', resolve);
    });
    return agent;
  }

  /** Where it listens, unless at a path. */
  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  }

  send(verb: string, pairs: Readonly<Record<string, string | number>> = {}): void {
    this.raw(formatLine(verb, pairs));
  }

  raw(text: string | Buffer): void {
    this.#socket?.write(text);
  }

  /** Asks for an image as a version; returns the nonce. */
  load(version: number, image: Image, more: Readonly<Record<string, string | number>> = {}): string {
    const nonce = String(++this.#nonce);
    const { path, digest, size, build } = image;
    this.send('load', { module: 'game', version, nonce, digest, size, build, path, ...more });
    return nonce;
  }

  loadBuiltin(version: number): string {
    const nonce = String(++this.#nonce);
    this.send('load', { module: 'game', version, nonce, builtin: 1 });
    return nonce;
  }

  take(verb: string, pairs: Readonly<Record<string, string>> = {}): Promise<Line> {
    const wanted = Object.entries({ verb, ...pairs });
    return this.lines.take((line) => wanted.every(([k, v]) => line[k] === v), `${verb} ${JSON.stringify(pairs)}`);
  }

  /** Ends all connections, and waits for new ones. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** A running fixture program: letters in, lines out. */
export class Program {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines = new Inbox<string>('program');
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  stderr = '';

  constructor(
    path: string,
    options: {
      link?: string;
      env?: Record<string, string>;
      args?: readonly string[];
      wrapper?: readonly string[];
    } = {},
  ) {
    const [command = path, ...args] = [...(options.wrapper ?? []), path, ...(options.args ?? [])];
    this.child = spawn(command, args, {
      env: { ...process.env, VAIS_HOT_LINK: options.link ?? '', VAIS_HOT_PROBATION_CALLS: '1', ...options.env },
    });
    let rest = '';
    this.child.stdout.setEncoding('utf8');
    this.child.stdout.on('data', (data: string) => {
      const lines = (rest + data).split(/\r?\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) this.lines.put(line);
    });
    this.child.stderr.setEncoding('utf8');
    this.child.stderr.on('data', (data: string) => {
      this.stderr += data;
    });
    this.child.stdin.on('error', () => {});
    this.ended = new Promise((resolve) =>
      this.child.on('close', (code, signal) => {
        this.lines.end(`it ended with ${code ?? signal}: ${this.stderr}`);
        resolve({ code, signal });
      }),
    );
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  send(letters: string): void {
    this.child.stdin.write(letters);
  }

  /** The next line that begins so, as its `key=value` pairs. */
  async take(start: string): Promise<Record<string, string>> {
    const line = await this.lines.take((text) => text.startsWith(start), `a line "${start}…"`);
    const pairs = [...line.matchAll(/(\w+)=((?:(?! \w+=).)*)/g)].map(([, key, value]) => [key, value]);
    return { ...Object.fromEntries(pairs), line };
  }

  pass(): Promise<Record<string, string>> {
    this.send('p');
    return this.take('pass ');
  }

  /** The libraries of ours that the loader has mapped. */
  mapped(library = 'libgame'): string[] {
    const maps = readFileSync(`/proc/${this.pid}/maps`, 'utf8').split('\n');
    const name = new RegExp(`\\S*/${library}\\.v\\S*`);
    return [...new Set(maps.flatMap((line) => name.exec(line) ?? []))];
  }

  async end(): Promise<void> {
    this.send('q');
    await this.ended;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

/** Waits until `test` holds; for what no event tells, such as the loader's map of another process. */
export async function until(test: () => boolean, what: string): Promise<void> {
  const end = Date.now() + deadline;
  while (!test()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
