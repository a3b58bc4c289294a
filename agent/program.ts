import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Contract } from '../artifact/contract.ts';
import { isName } from '../artifact/name.ts';
import { readContract } from '../artifact/records.ts';
import { type Digest, parseDigest } from '../common/digest.ts';
import { packageVersion } from '../common/package-root.ts';
import { LineReader } from './line-reader.ts';
import { formatLine, type LinkLine } from './link-line.ts';

/** What a program runs of one of its modules. */
export interface LinkedModule {
  readonly name: string;
  readonly source: string;
  /** The build id of the code the program started with. */
  readonly base: string;
  version: number;
  buildId: string;
  /** Undefined for the code the program started with. */
  digest: Digest | undefined;
  state: 'probation' | 'confirmed';
  contract: Contract;
}

/** What a program says of a load. */
export interface LinkReport {
  readonly verb: 'loaded' | 'swapped' | 'confirmed' | 'refused' | 'reverted' | 'superseded';
  readonly version: number;
  readonly running: number | undefined;
  readonly buildId: string | undefined;
  readonly us: number | undefined;
  readonly code: string | undefined;
  readonly reason: string | undefined;
  readonly signal: string | undefined;
  readonly function: string | undefined;
  readonly line: number | undefined;
}

/** An order to run some code as some version. Without an image: the code the program started with. */
export interface LoadOrder {
  readonly module: string;
  readonly version: number;
  readonly image?: { readonly digest: Digest; readonly size: number; readonly buildId: string; readonly path: string };
}

const reports: readonly string[] = ['loaded', 'swapped', 'confirmed', 'refused', 'reverted', 'superseded'];
const silenceMs = 15_000;
const maxModules = 256;
const maxContractBytes = 4 * 1024 * 1024;

/** One connection of a running program. Emits `ready` once, `closed` once. */
export class ProgramLink extends EventEmitter<{ ready: []; closed: [why: string] }> {
  name = '';
  pid = 0;
  triple = '';
  runtimeVersion = '';
  readonly modules = new Map<string, LinkedModule>();
  readonly #socket: Socket;
  readonly #orders = new Map<string, (report: LinkReport) => void>();
  readonly #pending = new Map<string, { fields: ReadonlyMap<string, string>; records: string[]; bytes: number }>();
  readonly #watchdog: NodeJS.Timeout;
  #silentFor = 0;
  #nonce = 0;
  #ready = false;
  #closed = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    const lines = new LineReader();
    socket.on('data', (bytes) => {
      this.#silentFor = 0;
      const read = lines.push(bytes);
      for (const line of read.lines) {
        const complaint = this.#take(line);
        if (complaint !== undefined) return this.close(complaint);
      }
      if (read.complaint !== undefined) this.close(read.complaint);
    });
    socket.on('error', (error) => this.close(error.message));
    socket.on('close', () => this.close('the program ended the connection'));
    this.#watchdog = setInterval(() => this.#watch(), silenceMs);
    this.#watchdog.unref();
  }

  /** Hands the program an order; `onReport` gets what it says of it, in order. Returns the order's nonce. */
  load(order: LoadOrder, onReport: (report: LinkReport) => void): string {
    this.#nonce += 1;
    const nonce = String(this.#nonce);
    this.#orders.set(nonce, onReport);
    const { image } = order;
    const code =
      image === undefined
        ? { builtin: 1 }
        : { digest: image.digest, size: image.size, build: image.buildId, path: image.path };
    this.#socket.write(formatLine('load', { module: order.module, version: order.version, nonce, ...code }));
    return nonce;
  }

  /** Takes an order back, if it has not swapped yet; the program answers `superseded` then. */
  cancel(module: string, nonce: string): void {
    this.#socket.write(formatLine('cancel', { module, nonce }));
  }

  /** Ends the connection. Idempotent. */
  close(why = 'the agent ended the connection'): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#watchdog);
    this.#socket.destroy();
    this.emit('closed', why);
  }

  get closed(): boolean {
    return this.#closed;
  }

  #watch(): void {
    this.#silentFor += 1;
    if (!this.#ready || this.#silentFor > 2) this.close('the program was silent for too long');
    else this.#socket.write(formatLine('ping', {}));
  }

  /** Acts on a line; what comes back is why the connection must end. */
  #take(line: LinkLine): string | undefined {
    const { verb, fields } = line;
    if (this.name === '') {
      if (verb !== 'hello') return `the first line is \`${verb}\`, not \`hello\``;
      return this.#hello(fields);
    }
    if (verb === 'ping') this.#socket.write(formatLine('pong', {}));
    else if (verb === 'bye') this.close('the program ended');
    else if (reports.includes(verb)) return this.#report(verb as LinkReport['verb'], fields);
    else if (verb === 'module') return this.#module(fields);
    else if (verb === 'contract') return this.#contract(fields);
    else if (verb === 'ready') return this.#becomeReady();
    return undefined;
  }

  #hello(fields: ReadonlyMap<string, string>): string | undefined {
    if (fields.get('protocol') !== '1')
      return `the program speaks link protocol ${fields.get('protocol')}, this agent 1`;
    const name = fields.get('program') ?? '';
    const pid = integer(fields.get('pid'));
    if (!isName(name) || pid === undefined) return 'the hello names no program or no pid';
    this.name = name;
    this.pid = pid;
    this.triple = fields.get('triple') ?? '';
    this.runtimeVersion = fields.get('runtime') ?? '';
    return undefined;
  }

  #module(fields: ReadonlyMap<string, string>): string | undefined {
    const name = fields.get('name') ?? '';
    if (this.#ready || !isName(name) || this.#pending.size >= maxModules) return 'a module line that does not fit';
    this.#pending.set(name, { fields, records: [], bytes: 0 });
    return undefined;
  }

  #contract(fields: ReadonlyMap<string, string>): string | undefined {
    const module = this.#pending.get(fields.get('module') ?? '');
    const record = fields.get('record');
    if (this.#ready || module === undefined || record === undefined) return 'a contract line without its module';
    module.bytes += record.length;
    if (module.bytes > maxContractBytes) return 'a contract that is too large';
    module.records.push(record);
    return undefined;
  }

  #becomeReady(): string | undefined {
    if (this.#ready) return 'a second ready';
    for (const [name, { fields, records }] of this.#pending) {
      const version = integer(fields.get('version'));
      const [buildId, base, digest] = [fields.get('build'), fields.get('base'), fields.get('digest') ?? '-'];
      if (version === undefined || buildId === undefined || base === undefined) return `module ${name} says too little`;
      try {
        this.modules.set(name, {
          name,
          source: fields.get('source') ?? '',
          base,
          version,
          buildId,
          digest: digest === '-' ? undefined : parseDigest(digest),
          state: fields.get('state') === 'probation' ? 'probation' : 'confirmed',
          contract: readContract(records),
        });
      } catch (thrown) {
        return `the contract of module ${name} cannot be read: ${thrown instanceof Error ? thrown.message : thrown}`;
      }
    }
    this.#pending.clear();
    this.#ready = true;
    // Only now: a program that is turned away waits longer each time before it dials again.
    this.#socket.write(formatLine('welcome', { protocol: 1, agent: packageVersion }));
    this.emit('ready');
    return undefined;
  }

  #report(verb: LinkReport['verb'], fields: ReadonlyMap<string, string>): string | undefined {
    const version = integer(fields.get('version'));
    if (version === undefined) return `\`${verb}\` without a version`;
    this.#orders.get(fields.get('nonce') ?? '')?.({
      verb,
      version,
      running: integer(fields.get('running')),
      buildId: fields.get('build'),
      us: decimal(fields.get('us')),
      code: fields.get('code'),
      reason: fields.get('reason'),
      signal: fields.get('signal'),
      function: fields.get('function'),
      line: integer(fields.get('line')),
    });
    if (verb === 'refused' || verb === 'superseded') this.#orders.delete(fields.get('nonce') ?? '');
    return undefined;
  }
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function decimal(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}(?:\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
}
