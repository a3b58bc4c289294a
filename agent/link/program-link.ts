import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Digest } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import { packageVersion } from '../../common/package-root.ts';
import type { CheckRequest } from '../check/check-protocol.ts';
import { Hello, integer, type LinkedModule, type Loading, runningOf } from './hello.ts';
import { formatLine, type LinkLine } from './message.ts';
import { LineReader } from './message-reader.ts';
import { isEnd, isReport, type LinkReport, type ReportVerb, readReport, whyNot } from './report.ts';

export type { LinkedModule } from './hello.ts';

/** An order to run some code as some version. Without an image: the code the program started with. */
export interface LoadOrder {
  readonly module: string;
  readonly version: number;
  readonly image?: { readonly digest: Digest; readonly size: number; readonly buildId: string; readonly path: string };
  /** Orders of one group that are given in one go swap together. */
  readonly group?: string;
}

interface LinkEvents {
  /** The hello is complete. Once. */
  ready: [];
  /** A report that belongs to no open order of this connection. */
  report: [report: LinkReport];
  /** A module runs a version that this connection did not ask for. */
  moved: [module: LinkedModule];
  /** It registered more state, or less. */
  registered: [];
  /** Once. */
  closed: [why: string];
}

type Fields = Readonly<Record<string, string | number>>;

const silenceMs = 15_000;
const maxEarly = 1_024;
/** Names of functions that fit a line; where there are more, loading finds what is missing. */
const mostNames = 30_000;

function leftWhileChecking(): VaisError {
  return new VaisError('internal', 'the program ended its connection before it had checked the image');
}

/** One connection of a running program. */
export class ProgramLink extends EventEmitter<LinkEvents> {
  modules: ReadonlyMap<string, LinkedModule> = new Map();
  /** What it registered with `hot_state`. */
  registered: { readonly count: number; readonly bytes: number } = { count: 0, bytes: 0 };
  readonly #hello = new Hello();
  readonly #socket: Socket;
  readonly #orders = new Map<string, (report: LinkReport) => void>();
  readonly #held = new Map<string, Fields[]>();
  readonly #checks = new Map<string, { passed: () => void; failed: (error: VaisError) => void }>();
  readonly #watchdog: NodeJS.Timeout;
  /** A program keeps nonces over connections and agents, so they must not look like those of another one. */
  readonly #nonces = randomBytes(6).toString('hex');
  /** What was said before anybody listened: how loads ended while the program had no connection. */
  #early: LinkReport[] | undefined = [];
  #silentFor = 0;
  #nonce = 0;
  #ready = false;
  #closed = false;

  constructor(socket: Socket) {
    super();
    this.setMaxListeners(0); // A few for each module.
    this.#socket = socket;
    const lines = new LineReader();
    socket.on('data', (bytes) => {
      this.#silentFor = 0;
      const read = lines.push(bytes);
      for (const line of read.lines) {
        const complaint = this.#take(line);
        if (complaint !== undefined) this.close(complaint);
        if (this.#closed) return;
      }
      if (read.complaint !== undefined) this.close(read.complaint);
    });
    socket.on('error', (error) => this.close(error.message));
    socket.on('close', () => this.close('the program ended the connection'));
    this.#watchdog = setInterval(() => this.#watch(), silenceMs);
    this.#watchdog.unref();
  }

  /** Empty as long as there was no hello. */
  get name(): string {
    return this.#hello.name;
  }

  get pid(): number {
    return this.#hello.pid;
  }

  /** The pid namespace that `pid` counts in; undefined where the program does not say. */
  get pidNamespace(): string | undefined {
    return this.#hello.pidNamespace;
  }

  get triple(): string {
    return this.#hello.triple;
  }

  get runtimeVersion(): string {
    return this.#hello.runtimeVersion;
  }

  /** What its loader does for it. */
  get loading(): Loading {
    return this.#hello.loading;
  }

  /** Whether it can start its own executable to try an image. */
  get checks(): boolean {
    return this.#hello.checks && !this.#closed;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Accepts the hello. A program that is turned away instead waits longer each time before it dials again. Returns the
   * reports that came meanwhile; from now on they are events.
   */
  welcome(): readonly LinkReport[] {
    this.#say('welcome', { protocol: 1, agent: packageVersion });
    const early = this.#early ?? [];
    this.#early = undefined;
    return early;
  }

  /**
   * Hands the program an order; `onReport` gets what it says of it, in order, up to the last word: `confirmed`,
   * `refused`, `reverted` or `superseded`. Returns the order's nonce.
   */
  load(order: LoadOrder, onReport: (report: LinkReport) => void): string {
    this.#nonce += 1;
    const nonce = `${this.#nonces}-${this.#nonce}`;
    this.#orders.set(nonce, onReport);
    const { image } = order;
    const code =
      image === undefined
        ? { builtin: 1 }
        : { digest: image.digest, size: image.size, build: image.buildId, path: image.path };
    const fields = { module: order.module, version: order.version, nonce, ...code };
    if (order.group === undefined) this.#say('load', fields);
    else this.#hold(order.group, fields);
    return nonce;
  }

  /**
   * Has the program's own executable, started once more, load the image, and end.
   *
   * @throws VaisError `check_failed`, `digest_mismatch`; `internal` when no such process can be started, or the program is gone
   */
  check({ path, module, buildId, digest, size, functions }: CheckRequest): Promise<void> {
    this.#nonce += 1;
    const nonce = `${this.#nonces}-${this.#nonce}`;
    return new Promise((passed, failed) => {
      if (this.#closed) return failed(leftWhileChecking());
      this.#checks.set(nonce, { passed, failed });
      const names = functions?.join(',');
      const all = names === undefined ? {} : { functions: names.length > mostNames ? '' : names };
      this.#say('check', { module, nonce, build: buildId, digest, size, path, ...all });
    });
  }

  /** Takes an order back, if it has not swapped yet; the program answers `superseded` then. */
  cancel(module: string, nonce: string): void {
    this.#release();
    this.#say('cancel', { module, nonce });
  }

  /** Ends the connection. Idempotent. */
  close(why = 'the agent ended the connection'): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#watchdog);
    this.#orders.clear();
    for (const { failed } of this.#checks.values()) failed(leftWhileChecking());
    this.#checks.clear();
    this.#socket.destroy();
    this.emit('closed', why);
  }

  /** Keeps an order until all of its group are here: those that are given without anything between. */
  #hold(group: string, fields: Fields): void {
    if (this.#held.size === 0) queueMicrotask(() => this.#release());
    this.#held.set(group, [...(this.#held.get(group) ?? []), fields]);
  }

  #release(): void {
    for (const orders of this.#held.values()) {
      // The program keeps what it knows of a group by this name, so it must not be that of an earlier attempt.
      const more = orders.length === 1 ? {} : { group: String(orders[0]?.['nonce']), of: orders.length };
      for (const order of orders) this.#say('load', { ...order, ...more });
    }
    this.#held.clear();
  }

  #say(verb: string, fields: Fields = {}): void {
    if (!this.#closed) this.#socket.write(formatLine(verb, fields));
  }

  #watch(): void {
    this.#silentFor += 1;
    if (!this.#ready || this.#silentFor > 2) this.close('the program was silent for too long');
    else this.#say('ping');
  }

  /** Acts on a line; what comes back is why the connection must end. */
  #take({ verb, fields }: LinkLine): string | undefined {
    if (this.name === '')
      return verb === 'hello' ? this.#hello.hello(fields) : `the first line is \`${verb}\`, not \`hello\``;
    if (verb === 'ping') this.#say('pong');
    else if (verb === 'bye') this.close('the program ended');
    else if (verb === 'checked' || verb === 'unfit') this.#checked(fields);
    else if (isReport(verb)) return this.#report(verb, fields);
    else if (verb === 'module') return this.#ready ? this.#moved(fields) : this.#hello.module(fields);
    else if (verb === 'state') return this.#registered(fields);
    else if (verb === 'contract' && !this.#ready) return this.#hello.contract(fields);
    else if (verb === 'ready') return this.#becomeReady();
    return undefined;
  }

  #checked(fields: ReadonlyMap<string, string>): void {
    const nonce = fields.get('nonce') ?? '';
    const asked = this.#checks.get(nonce);
    this.#checks.delete(nonce);
    if (fields.get('code') === undefined) asked?.passed();
    else asked?.failed(whyNot(fields, 'check_failed', 'it does not load'));
  }

  #becomeReady(): string | undefined {
    if (this.#ready) return 'a second ready';
    const modules = this.#hello.modules();
    if (typeof modules === 'string') return modules;
    this.modules = modules;
    this.#ready = true;
    this.emit('ready');
    return undefined;
  }

  #moved(fields: ReadonlyMap<string, string>): string | undefined {
    const module = this.modules.get(fields.get('name') ?? '');
    const running = runningOf(fields);
    if (module === undefined || running === undefined) return 'a module line that does not fit';
    Object.assign(module, running);
    this.emit('moved', module);
    return undefined;
  }

  #registered(fields: ReadonlyMap<string, string>): string | undefined {
    const [count, bytes] = [integer(fields.get('count')), integer(fields.get('bytes'))];
    if (count === undefined || bytes === undefined) return 'a state line that does not fit';
    this.registered = { count, bytes };
    if (this.#ready) this.emit('registered');
    return undefined;
  }

  #report(verb: ReportVerb, fields: ReadonlyMap<string, string>): string | undefined {
    const report = readReport(verb, fields, (module) => this.#hello.sourceOf(module));
    if (report === undefined) return `\`${verb}\` without a version`;
    const nonce = fields.get('nonce') ?? '';
    const onReport = this.#orders.get(nonce);
    if (isEnd(report.detail)) this.#orders.delete(nonce);
    if (onReport !== undefined) onReport(report);
    else if (this.#early === undefined) this.emit('report', report);
    else if (this.#early.length < maxEarly) this.#early.push(report);
    return undefined;
  }
}
