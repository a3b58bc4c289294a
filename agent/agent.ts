import type { Socket } from 'node:net';
import { validateName } from '../artifact/contract/name.ts';
import { WorkThread } from '../artifact/transfer/work.ts';
import { VaisError } from '../common/error.ts';
import { parseTarget, requireLoopback, type Target } from '../rpc/address.ts';
import { Checker } from './check/check.ts';
import { Cleaner } from './cleaner.ts';
import { Programs } from './deliver/programs.ts';
import { type LinkListener, listenForPrograms } from './link/listener.ts';
import type { ProgramLink } from './link/program-link.ts';
import { socketPath } from './link/socket-path.ts';
import { PartialStore } from './receive/partials.ts';
import { watchEnd } from './run/death.ts';
import { cleanEnvironment } from './run/environment.ts';
import type { RunOrder } from './run/run-order.ts';
import { Supervisor } from './run/supervisor.ts';
import type { Notice, PushEvent, Say, Warning } from './say/notice.ts';
import { writeAddressFile } from './serve/address-file.ts';
import { openInsecureAccess } from './serve/insecure-access.ts';
import { ReadyFirst } from './serve/ready-first.ts';
import type { ServiceDeps } from './serve/service.ts';
import { DataFolder } from './store/data-folder.ts';
import { StorageFaults } from './store/faults.ts';
import { HistoryStore } from './store/history-store.ts';
import { ImageStore } from './store/images.ts';
import { storageOf } from './store/storage.ts';
import type { TrustOptions } from './trust/trust.ts';

/** How an agent is set up. */
export interface AgentOptions extends TrustOptions {
  /** `HOST:PORT`; port 0 takes a free one. */
  readonly listen: string;
  /** The data folder. */
  readonly data: string;
  /** Programs to start and keep running. */
  readonly run: readonly RunOrder[];
  /** Without encryption, authentication and signatures, on loopback only. */
  readonly insecure: boolean;
  /** Where programs look that were not told of this agent; taken when no other agent has it. */
  readonly defaultLink: string;
  /** The largest image that is taken, in bytes. */
  readonly maxImageBytes: number;
  /** What all images may take together, in bytes; no limit unless given. */
  readonly maxDiskBytes?: number;
  /** So many versions of each line are kept with their images; 20 unless given. */
  readonly keep?: number;
  /** What started programs get, besides VAIS_HOT_LINK and VAIS_HOT_NAME. */
  readonly environment: NodeJS.ProcessEnv;
  /** What else of the environment programs that it starts get; see `cleanEnvironment`. */
  readonly keepEnv?: readonly string[];
}

/** A running agent. */
export interface Agent {
  readonly address: string;
  readonly link: string;
  /** Ends the agent and the programs that it started; others go on. Idempotent. */
  close(): Promise<void>;
}

/** So long programs that ran here before the agent was started are awaited, in milliseconds: each reconnects within a second or two. */
const awaitMs = 10_000;
/** How often an agent looks whether the default link has become free, in milliseconds. */
const claimEveryMs = 2_000;

/**
 * Starts an agent.
 *
 * @throws VaisError `not_authorized` for --insecure off loopback, `identity_lost`, `key_exposed`, `busy` when the address
 * or the data folder is another agent's, `storage`, `usage`
 */
export async function startAgent(options: AgentOptions, onNotice: Say): Promise<Agent> {
  const readyFirst = new ReadyFirst(onNotice);
  const { say } = readyFirst;
  const target = listenOf(options.listen);
  if (options.insecure) requireLoopback(target);
  const names = new Set<string>();
  for (const { name } of options.run) {
    validateName('program', name);
    if (names.has(name)) throw new VaisError('usage', `--run names ${name} twice`, { hint: 'Give each its own name.' });
    names.add(name);
  }

  const closing = new AbortController();
  const closers: (() => unknown)[] = [];
  const listeners = new Set<(heard: PushEvent | Warning) => void>();
  const tell = (heard: PushEvent | Warning) => {
    say(heard);
    for (const listener of listeners) listener(heard);
  };
  const warn = (message: string) => tell({ event: 'warning', message });
  const closeAll = async () => {
    closing.abort();
    for (const closer of closers.splice(0).reverse()) {
      try {
        await closer();
      } catch (thrown) {
        warn(VaisError.from(thrown).message); // What comes after it must end all the same.
      }
    }
  };
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= closeAll();
    return closed;
  };
  try {
    const data = await DataFolder.open(options.data, warn);
    closers.push(() => data.close());
    const faults = new StorageFaults(warn);
    const early: Socket[] = [];
    let accept = (socket: Socket): void => {
      early.push(socket.on('error', () => undefined));
    };
    const link = await listenForPrograms(socketPath(options.data, 'link'), (socket) => accept(socket));
    closers.push(() => link.close());

    const supervisors = new Map<string, Supervisor>();
    const thread = new WorkThread();
    closers.push(() => thread.close());
    const images = await ImageStore.open(data, options.maxDiskBytes, thread);
    const partials = await PartialStore.open(options.data, 4 * options.maxImageBytes);
    const histories = await HistoryStore.open(data, faults);
    closers.push(() => histories.close());
    const deathOf = (died: ProgramLink, signal: AbortSignal): Promise<string | undefined> =>
      findDeath(died, programs, supervisors.get(died.name), signal);
    const deps = { images, deathOf, closing: closing.signal, publish: tell, warn };
    const programs: Programs = new Programs(histories, deps, say);
    closers.push(() => programs.close());
    accept = (socket) => programs.accept(socket);
    programs.expect(histories.found, awaitMs);
    for (const socket of early) programs.accept(socket);

    const { keep = 20 } = options;
    const cleaner = new Cleaner({ images, histories, programs, quarantine: data.quarantine, faults, keep });
    closers.push(() => cleaner.close());
    listeners.add(({ event }) => {
      if (event === 'confirmed' || event === 'refused' || event === 'unchanged') cleaner.poke();
    });

    const checker = new Checker({});
    closers.push(() => checker.close());

    for (const order of options.run) {
      const environment = {
        ...cleanEnvironment(options.environment, options.keepEnv ?? []),
        VAIS_HOT_LINK: link.path,
        VAIS_HOT_NAME: order.name,
        VAIS_HOT_OUTPUT_LINES: '1',
      };
      supervisors.set(order.name, new Supervisor(order, options.data, environment, say));
    }
    closers.push(() => Promise.all([...supervisors.values()].map((supervisor) => supervisor.close())));
    const serviceDeps: Omit<ServiceDeps, 'authorizer' | 'callerOf' | 'insecure'> = {
      programs,
      images,
      partials,
      thread,
      checker,
      histories,
      supervised: supervisors,
      maxImageBytes: options.maxImageBytes,
      publish: tell,
      warn,
      faults,
      storage: () => storageOf({ data, images, faults, keep }),
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const authenticator = await openInsecureAccess(target, { ...options, data }, serviceDeps);
    closers.push(() => authenticator.close());
    const address = target.address.replace(/:\d+$/, `:${authenticator.port}`);
    try {
      closers.push(writeAddressFile(options.data, { address, insecure: options.insecure }));
    } catch (thrown) {
      warn(VaisError.from(thrown).message); // A full disk is no reason to leave the programs alone.
    }
    say({ event: 'ready', address, link: link.path, insecure: options.insecure, data: options.data } satisfies Notice);
    closers.push(
      claimDefaultLink(options.defaultLink, accept, (why) =>
        warn(`programs find this agent only with VAIS_HOT_LINK=${link.path}: ${why}`),
      ),
    );
    await authenticator.invite(say);
    for (const supervisor of supervisors.values()) await supervisor.start();
    void cleaner.verify();
    return { address, link: link.path, close };
  } catch (thrown) {
    readyFirst.release();
    await close();
    throw thrown;
  }
}

/** @throws VaisError `usage` with what `--listen` wants */
function listenOf(text: string): Target {
  const port = /^\d{1,5}$/.test(text) ? text : '7777';
  try {
    return parseTarget(text);
  } catch (thrown) {
    throw new VaisError('usage', `--listen ${text} is no address`, {
      hint: `Write HOST:PORT: 127.0.0.1:${port} for this machine alone, 0.0.0.0:${port} for all networks.`,
      cause: thrown,
    });
  }
}

/** Takes the default link when it is free, and again when its holder has gone. Returns what gives it back. */
function claimDefaultLink(
  path: string,
  accept: (socket: Socket) => void,
  onTaken: (why: string) => void,
): () => Promise<void> {
  let said = false;
  let held: LinkListener | undefined;
  let claiming: Promise<void> | undefined;
  const claim = () => {
    if (held !== undefined || claiming !== undefined) return;
    claiming = listenForPrograms(path, accept)
      .then((listener) => {
        held = listener;
        said = false;
      })
      .catch((thrown: unknown) => {
        if (!said) onTaken(VaisError.from(thrown).message);
        said = true;
      })
      .finally(() => {
        claiming = undefined;
      });
  };
  claim();
  const timer = setInterval(claim, claimEveryMs);
  return async () => {
    clearInterval(timer);
    await claiming;
    await held?.close();
  };
}

async function findDeath(
  link: ProgramLink,
  programs: Programs,
  supervisor: Supervisor | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const end = await watchEnd(link, () => programs.links, signal);
  if (end === 'alive') return undefined;
  if (end === 'away') return 'is gone (it runs in another container, so how it ended is not seen)';
  const how = await supervisor?.exit(AbortSignal.any([signal, AbortSignal.timeout(2_000)]));
  return how ?? 'ended';
}
