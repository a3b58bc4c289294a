/** A real agent in this process, real programs beside it, real images, and pushes over real gRPC. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type Agent, startAgent } from '../../agent/agent.ts';
import type { Notice, PushEvent } from '../../agent/say/notice.ts';
import { parseTarget } from '../../rpc/address.ts';
import { AgentClient, type AgentSession } from '../../rpc/client.ts';
import type { Manifest } from '../../rpc/gen/vais/remote/v1/Manifest.ts';
import type { SessionResponse__Output } from '../../rpc/gen/vais/remote/v1/SessionResponse.ts';
import type { StageName } from '../../rpc/names.ts';
import { buildImage, buildProgram, fixtures, type Image, Program } from '../runtime/harness.ts';

const deadlineMs = 60_000;

/** What came, in order, to be waited for. */
export class Heard<T> {
  readonly all: T[] = [];
  readonly #what: string;
  #wake: (() => void)[] = [];

  constructor(what: string) {
    this.#what = what;
  }

  put(item: T): void {
    this.all.push(item);
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** The first one from number `from` on that fits, once it is there. */
  async first<S extends T>(fits: (item: T) => item is S, wanted: string, from?: number): Promise<S>;
  async first(fits: (item: T) => boolean, wanted: string, from?: number): Promise<T>;
  async first(fits: (item: T) => boolean, wanted: string, from = 0): Promise<T> {
    const end = Date.now() + deadlineMs;
    for (let next = from; ; ) {
      for (; next < this.all.length; next += 1) {
        const item = this.all[next];
        if (item !== undefined && fits(item)) return item;
      }
      const left = end - Date.now();
      if (left <= 0)
        throw new Error(`${this.#what}: waited in vain for ${wanted}; got ${JSON.stringify(this.all).slice(-3_000)}`);
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

/** Waits until a question is answered with yes; for what no event tells. */
export async function eventually(test: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await test())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** How a push ended. */
export type Ended =
  | { readonly kind: 'ack'; readonly version: number; readonly unchanged: boolean }
  | { readonly kind: 'nack'; readonly running: number; readonly code: string; readonly message: string };

/** A push on its way. */
export interface OnItsWay {
  readonly nonce: number;
  readonly ended: Promise<Ended>;
  /** Resolves when the agent has said that the push reached this stage. */
  reached(stage: StageName): Promise<SessionResponse__Output>;
  /** The stages that it reached so far. */
  stages(): StageName[];
}

/** One session with an agent. */
export class TestSession {
  readonly heard = new Heard<SessionResponse__Output>('session');
  readonly raw: AgentSession;
  /** Resolves when the stream is over, with what broke it. */
  readonly over: Promise<unknown>;
  readonly #abort = new AbortController();
  #nonce = 0;

  constructor(client: AgentClient) {
    this.raw = client.session(this.#abort.signal);
    this.over = this.#read();
  }

  async open(): Promise<this> {
    await this.raw.send({ open: { clientVersion: 'test' } });
    await this.heard.first(({ state }) => state !== undefined && state !== null, 'the state');
    return this;
  }

  push(image: Image, more: { manifest?: Partial<Manifest>; inline?: boolean } = {}): OnItsWay {
    const bytes = readFileSync(image.path);
    const nonce = ++this.#nonce;
    void this.raw.send({
      offer: {
        nonce,
        manifest: { ...manifestOf(image), ...more.manifest },
        image: more.inline === false ? Buffer.alloc(0) : bytes,
        elapsedUs: 0,
      },
    });
    const from = this.heard.all.length;
    const ended = this.heard
      .first(({ ack, nack }) => (ack ?? nack)?.nonce === nonce, `the end of push ${nonce}`, from)
      .then(({ ack, nack }): Ended => {
        if (ack) return { kind: 'ack', version: ack.version, unchanged: ack.unchanged };
        const { runningVersion, reason } = nack ?? {};
        return {
          kind: 'nack',
          running: runningVersion ?? -1,
          code: reason?.code ?? '',
          message: reason?.message ?? '',
        };
      });
    ended.catch(() => undefined);
    const stageOf = ({ progress }: SessionResponse__Output) =>
      progress?.nonce === nonce && progress.event ? progress.event.detail : undefined;
    return {
      nonce,
      ended,
      reached: (stage) => this.heard.first((each) => stageOf(each) === stage, `push ${nonce} to be ${stage}`),
      stages: () => this.heard.all.map(stageOf).filter((stage) => stage !== undefined),
    };
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(): Promise<unknown> {
    try {
      for await (const response of this.raw.responses()) this.heard.put(response);
      return undefined;
    } catch (thrown) {
      return thrown;
    }
  }
}

export function manifestOf({ digest, size, build }: Image): Manifest {
  return {
    program: 'game',
    module: 'game',
    triple: 'x86_64-linux-gnu',
    digest,
    size,
    parentVersion: 0,
    tier: 'TIER_FAST',
    buildId: build,
  };
}

/** An agent and what it said. */
export interface TestAgent extends Agent {
  readonly notices: Heard<Notice>;
  readonly client: AgentClient;
  session(): Promise<TestSession>;
}

/** A folder with an agent and programs in it; `close()` ends and removes them all. */
export class Yard {
  readonly folder = mkdtempSync(join(tmpdir(), 'vy-'));
  readonly #agents = new Set<TestAgent>();
  readonly #programs = new Set<Program>();
  readonly #tickers = new Map<Program, NodeJS.Timeout>();
  readonly #sessions = new Set<TestSession>();

  get data(): string {
    return join(this.folder, 'd');
  }

  get link(): string {
    return join(this.data, 'link.sock');
  }

  async agent(
    more: { run?: string; data?: string; maxImageBytes?: number; keep?: number; maxDiskBytes?: number } = {},
  ): Promise<TestAgent> {
    const notices = new Heard<Notice>('agent');
    const agent = await startAgent(
      {
        listen: '127.0.0.1:0',
        data: more.data ?? this.data,
        run: more.run === undefined ? [] : [{ name: 'game', command: more.run }],
        insecure: true,
        defaultLink: join(this.folder, 'default', 'link.sock'),
        maxImageBytes: more.maxImageBytes ?? 64 * 1024 * 1024,
        ...(more.keep === undefined ? {} : { keep: more.keep }),
        ...(more.maxDiskBytes === undefined ? {} : { maxDiskBytes: more.maxDiskBytes }),
        environment: {
          PATH: process.env['PATH'],
          VAIS_TEST_RUN: process.env['VAIS_TEST_RUN'],
          VAIS_HOT_PROBATION_CALLS: '1',
        },
      },
      (notice) => notices.put(notice),
    );
    const client = new AgentClient(parseTarget(agent.address));
    const started: TestAgent = {
      ...agent,
      notices,
      client,
      session: async () => {
        const session = new TestSession(client);
        this.#sessions.add(session);
        return await session.open();
      },
      close: async () => {
        client.close();
        await agent.close();
        this.#agents.delete(started);
      },
    };
    this.#agents.add(started);
    return started;
  }

  /** Starts a program, which makes a pass for each letter that it is sent, and waits until the agent knows it. */
  async program(path: string, agent: TestAgent, env: Record<string, string> = {}): Promise<Program> {
    const program = new Program(path, { link: this.link, env });
    this.#programs.add(program);
    await linked(agent, program.pid);
    return program;
  }

  /** Lets a program make passes by itself. */
  run(program: Program): void {
    this.stop(program);
    this.#tickers.set(
      program,
      setInterval(() => program.child.stdin.writable && program.send('.'), 3),
    );
  }

  stop(program: Program): void {
    clearInterval(this.#tickers.get(program));
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.close();
    for (const program of this.#programs) {
      this.stop(program);
      program.kill();
    }
    for (const agent of [...this.#agents]) await agent.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function linked(agent: TestAgent, pid: number): Promise<void> {
  await agent.notices.first((notice) => notice.event === 'linked' && notice.pid === pid, `pid ${pid} to be linked`);
}

/** An event of a push that the agent said, in its own log. */
export function said(agent: TestAgent, event: StageName, more: Partial<PushEvent> = {}, from = 0): Promise<Notice> {
  const wanted = Object.entries({ event, ...more });
  return agent.notices.first(
    (notice) => wanted.every(([key, value]) => (notice as unknown as Record<string, unknown>)[key] === value),
    JSON.stringify({ event, ...more }),
    from,
  );
}

/** The history as `version outcome` lines, the desired one with a star. */
export async function historyOf(agent: TestAgent): Promise<string[]> {
  const { entries } = await agent.client.listHistory('game', 'game');
  return entries.map(
    ({ version, outcome, desired }) =>
      `${version} ${outcome.replace('OUTCOME_', '').toLowerCase()}${desired ? ' *' : ''}`,
  );
}

/** What the instances run: `version desired state`. */
export async function runningIn(agent: TestAgent): Promise<string[]> {
  const { programs } = await agent.client.getStatus(false);
  return programs.flatMap(({ modules }) =>
    modules.map(({ version, desiredVersion }) => `${version} of ${desiredVersion}`),
  );
}

/** Programs and images that all tests of a file share: building them takes a second each. */
export class Stock {
  readonly folder = mkdtempSync(join(tmpdir(), 'vs-'));
  program = '';
  /** The same program, built from another source. */
  rebuilt = '';
  readonly #images = new Map<string, Promise<Image>>();

  async build(): Promise<void> {
    const text = readFileSync(join(fixtures, 'program.c'), 'utf8').replaceAll(
      `${'0'.repeat(31)}1`,
      `${'0'.repeat(31)}2`,
    );
    const other = join(this.folder, 'other.c');
    writeFileSync(other, text);
    mkdirSync(join(this.folder, 'b'));
    const flags = ['-O1'];
    this.program = await buildProgram(this.folder, { flags });
    this.rebuilt = await buildProgram(join(this.folder, 'b'), { flags, source: relative(fixtures, other) });
  }

  /** An image whose build id ends in `build`. */
  image(build: string, defines: Readonly<Record<string, string>> = {}, flags: string[] = []): Promise<Image> {
    let image = this.#images.get(build);
    if (image === undefined) {
      image = buildImage(this.folder, build.padStart(4, '0'), { defines: { STEP: '10', ...defines }, flags });
      this.#images.set(build, image);
    }
    return image;
  }

  /** A file of C that is included before an image. */
  source(name: string, text: string): string[] {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return ['-include', path];
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
