import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { restoring, VaisError } from '../../common/error.ts';
import { ProgramLink } from '../link/program-link.ts';
import type { Say } from '../say/notice.ts';
import type { HistoryStore } from '../store/history-store.ts';
import { Lineage } from './lineage.ts';
import { Queue } from './queue.ts';
import type { QueueDeps } from './queue-deps.ts';
import { bringTogether } from './restore-group.ts';

/** The programs that are connected, and the queues that lead to their modules. Emits `changed` when either changes. */
export class Programs extends EventEmitter<{ changed: [] }> {
  /** All connections; those that have said what they run, and count, are in `#links`. */
  readonly #connections = new Set<ProgramLink>();
  readonly #links = new Set<ProgramLink>();
  readonly #queues = new Map<string, Queue>();
  readonly #histories: HistoryStore;
  readonly #deps: QueueDeps;
  readonly #say: Say;
  /** Those that ran here before the agent was started, and have not dialed again yet. */
  readonly #awaited = new Set<string>();
  #awaiting: NodeJS.Timeout | undefined;
  #lastTurnedAway = '';

  constructor(histories: HistoryStore, deps: Omit<QueueDeps, 'changed'>, say: Say) {
    super();
    this.setMaxListeners(0); // One for each open session.
    this.#histories = histories;
    this.#say = say;
    this.#deps = { ...deps, changed: () => this.emit('changed') };
  }

  /** Takes a connection; the program counts once it has said what it runs. */
  accept(socket: Socket): void {
    const link = new ProgramLink(socket);
    this.#connections.add(link);
    link.once('ready', () => {
      this.#join(link).catch((thrown: unknown) => link.close(VaisError.from(thrown).message));
    });
    link.on('registered', () => this.emit('changed'));
    link.once('closed', (why) => {
      this.#connections.delete(link);
      if (this.#links.delete(link)) this.#say({ event: 'unlinked', program: link.name, pid: link.pid });
      else this.#turnedAway(link, why);
      this.emit('changed');
    });
  }

  /** Expects programs that ran here before the agent was started: for so many milliseconds they are awaited. */
  expect(names: Iterable<string>, ms: number): void {
    for (const name of names) if (!this.links.some((link) => link.name === name)) this.#awaited.add(name);
    clearTimeout(this.#awaiting);
    this.#awaiting = setTimeout(() => {
      this.#awaited.clear();
      this.emit('changed');
    }, ms).unref();
  }

  /** The programs that are awaited. */
  get awaited(): readonly string[] {
    return [...this.#awaited];
  }

  /** The programs that are connected, in the order in which they came. */
  get links(): readonly ProgramLink[] {
    return [...this.#links];
  }

  /** The queue to a module of a connected program. */
  queueFor(link: ProgramLink, module: string): Queue | undefined {
    const found = link.modules.get(module);
    return found === undefined ? undefined : this.#queues.get(queueKey(link.name, module, found.base));
  }

  /** The queue to a module, as the newest instance of its program runs it. Undefined when none is connected. */
  queueOf(program: string, module: string): Queue | undefined {
    const link = this.links.findLast((one) => one.name === program && one.modules.has(module));
    return link === undefined ? undefined : this.queueFor(link, module);
  }

  /**
   * The one queue that a push of a module to a program takes.
   *
   * @throws VaisError `no_such_program`, `no_such_module`; `busy` when instances of different builds run at once
   */
  requireQueue(program: string, module: string): Queue {
    const links = this.links.filter(({ name }) => name === program);
    if (links.length === 0) throw this.missing(program);
    const modules = links.map((link) => link.modules.get(module)).filter((found) => found !== undefined);
    if (modules.length === 0) {
      const names = [...new Set(links.flatMap((link) => [...link.modules.keys()]))];
      throw new VaisError('no_such_module', `${program} has no module ${module}; it has ${list(names)}`);
    }
    if (new Set(modules.map(({ base }) => base)).size > 1) {
      const pids = links.map(({ pid }) => pid).join(', ');
      throw new VaisError('busy', `${program} runs in different builds at once (pids ${pids})`, {
        hint: 'Stop those of the old build, or give them another name with VAIS_HOT_NAME.',
      });
    }
    const queue = this.queueOf(program, module);
    if (queue === undefined) throw this.missing(program);
    return queue;
  }

  /** The error for a program that is not connected: `restoring` where it is awaited, else `no_such_program`. */
  missing(program: string): VaisError {
    if (this.#awaited.has(program)) return restoring(program);
    const names = [...new Set(this.links.map(({ name }) => name))];
    const there = names.length === 0 ? 'no program is connected to the agent' : `connected are ${list(names)}`;
    return new VaisError('no_such_program', `there is no program ${program} here; ${there}`);
  }

  /** Ends all connections. Idempotent. */
  close(): void {
    clearTimeout(this.#awaiting);
    for (const link of this.#connections) link.close();
  }

  /** A program that is turned away dials again and again; the same reason is said once. */
  #turnedAway(link: ProgramLink, why: string): void {
    const message = `${link.name === '' ? 'a connection' : `${link.name} (pid ${link.pid})`} was turned away: ${why}`;
    if (message === this.#lastTurnedAway) return;
    this.#lastTurnedAway = message;
    this.#say({ event: 'warning', message });
  }

  async #join(link: ProgramLink): Promise<void> {
    const queues: Queue[] = [];
    for (const module of link.modules.values()) {
      const key = queueKey(link.name, module.name, module.base);
      const history = await this.#histories.of(link.name, module.name);
      const record = history.lineage(module.base);
      const known = this.#queues.get(key);
      // Where the line was cleaned away since, what its queue knows would not be written down any more.
      const queue = known?.lineage.isOf(record) === true ? known : new Queue(history, new Lineage(record), this.#deps);
      this.#queues.set(key, queue);
      queues.push(queue);
    }
    if (link.closed) return;
    this.#links.add(link);
    this.#awaited.delete(link.name);
    this.#say({ event: 'linked', program: link.name, pid: link.pid });
    const early = link.welcome();
    const coming = queues.map((queue) =>
      queue.join(
        link,
        early.filter(({ module }) => module === queue.module),
      ),
    );
    bringTogether(
      coming.filter((each) => each !== undefined),
      queues,
    );
    this.emit('changed');
  }
}

function list(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

function queueKey(program: string, module: string, base: string): string {
  return [program, module, base].join('\0');
}
