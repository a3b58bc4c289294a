import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { isName } from '../artifact/name.ts';
import { VaisError } from '../common/error.ts';
import { makePrivateFolder } from '../common/files.ts';
import { parseTarget, requireLoopback } from '../rpc/address.ts';
import { serveAgent } from '../rpc/server.ts';
import { serveAdmin } from './admin.ts';
import { AuditLog } from './audit.ts';
import { Checker } from './check.ts';
import { Gate } from './gate.ts';
import { HistoryStore } from './history.ts';
import { ImageStore } from './images.ts';
import { type LinkListener, listenForPrograms } from './link.ts';
import type { Notice, PushEvent, Say } from './notice.ts';
import { whenGone } from './process.ts';
import type { ProgramLink } from './program.ts';
import { Programs } from './programs.ts';
import { agentService, type ServiceWorld } from './service.ts';
import { type RunOrder, Supervisor } from './supervisor.ts';
import { Trust } from './trust.ts';

/** How an agent is set up. */
export interface AgentOptions {
  /** `HOST:PORT`; port 0 takes a free one. */
  readonly listen: string;
  /** The data folder. */
  readonly data: string;
  /** Programs to start and keep running. */
  readonly run: readonly RunOrder[];
  /** Without encryption, authentication and signatures, on loopback only. */
  readonly insecure: boolean;
  /** Where the agent is reached from elsewhere, `HOST:PORT`; undefined: what it listens on. */
  readonly advertise?: string;
  /** How long a developer's certificate holds, in milliseconds. */
  readonly certificateMs: number;
  /** Where programs look that were not told of this agent; taken when no other agent has it. */
  readonly defaultLink: string;
  /** The largest image that is taken, in bytes. */
  readonly maxImageBytes: number;
  /** What all images may take together, in bytes. */
  readonly maxDiskBytes: number;
  /** What started programs get, besides VAIS_HOT_LINK and VAIS_HOT_NAME. */
  readonly environment: NodeJS.ProcessEnv;
}

/** A running agent. */
export interface Agent {
  readonly address: string;
  readonly link: string;
  /** Ends the agent and the programs that it started; others go on. Idempotent. */
  close(): Promise<void>;
}

/** How often an agent looks whether the default link has become free, in milliseconds. */
const claimEveryMs = 2_000;

/**
 * Starts an agent.
 *
 * @throws VaisError `not_authorised` for --insecure off loopback, `identity_lost`, `key_exposed`, `busy` when the address or the data folder is
 * another agent's, `storage`, `usage`
 */
export async function startAgent(options: AgentOptions, say: Say): Promise<Agent> {
  const target = parseTarget(options.listen);
  if (options.insecure) requireLoopback(target);
  for (const { name } of options.run)
    if (!isName(name)) throw new VaisError('usage', `${JSON.stringify(name)} cannot name a program`);

  const closers: (() => void | Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    await makePrivateFolder(options.data);
    const warn = (message: string) => say({ event: 'warning', message });
    const listeners = new Set<(event: PushEvent) => void>();
    const publish = (event: PushEvent) => {
      say(event);
      for (const listener of listeners) listener(event);
    };

    const supervisors = new Map<string, Supervisor>();
    const images = await ImageStore.open(options.data, options.maxDiskBytes);
    const histories = await HistoryStore.open(options.data, warn);
    closers.push(() => histories.close());
    const deathOf = (link: ProgramLink, signal: AbortSignal) => findDeath(link, supervisors.get(link.name), signal);
    const programs = new Programs(histories, { images, deathOf, publish, warn }, say);
    closers.push(() => programs.close());

    // The link in the data folder is the lock on it too: only one agent can listen there.
    const link = await listenForPrograms(join(options.data, 'link.sock'), (socket) => programs.accept(socket));
    closers.push(() => link.close());
    closers.push(claimDefaultLink(options.defaultLink, (socket) => programs.accept(socket)));

    const checker = new Checker({});
    closers.push(() => checker.close());

    for (const order of options.run) {
      const environment = { ...options.environment, VAIS_HOT_LINK: link.path, VAIS_HOT_NAME: order.name };
      supervisors.set(order.name, new Supervisor(order, options.data, environment, say));
    }
    const audit = await AuditLog.open(options.data, warn);
    closers.push(() => audit.close());
    const trust = options.insecure ? undefined : await Trust.open(options.data, audit, options);
    const world: Omit<ServiceWorld, 'callerOf'> = {
      programs,
      images,
      checker,
      histories,
      gate: new Gate(audit, trust, warn),
      supervised: new Set(supervisors.keys()),
      maxImageBytes: options.maxImageBytes,
      publish,
      warn,
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const insecure = trust === undefined;
    const server =
      trust === undefined
        ? await serveAgent(
            target,
            agentService({ ...world, callerOf: undefined }),
            grpc.ServerCredentials.createInsecure(),
          )
        : await trust.serve(target, (callerOf) => agentService({ ...world, callerOf }));
    closers.push(() => server.close());
    if (trust !== undefined) closers.push(await serveAdmin(options.data, trust));
    await audit.append('started', { insecure, ...(trust === undefined ? {} : { agentId: trust.agentId }) });

    const address = target.address.replace(/:\d+$/, `:${server.port}`);
    say({ event: 'ready', address, link: link.path, insecure, data: options.data } satisfies Notice);
    if (trust?.developers.all.length === 0) say({ event: 'token', ...(await trust.makeToken({ programs: [] }, 0)) });
    for (const supervisor of supervisors.values()) {
      closers.push(() => supervisor.close());
      await supervisor.start();
    }
    return { address, link: link.path, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Takes the default link when it is free, and again when its holder has gone. Returns what gives it back. */
function claimDefaultLink(path: string, accept: Parameters<typeof listenForPrograms>[1]): () => Promise<void> {
  let held: LinkListener | undefined;
  let claiming: Promise<void> | undefined;
  const claim = () => {
    if (held !== undefined || claiming !== undefined) return;
    claiming = listenForPrograms(path, accept)
      .then((listener) => {
        held = listener;
      })
      .catch(() => undefined) // Another agent has it, or its folder is not safe: programs need VAIS_HOT_LINK then.
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
  supervisor: Supervisor | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!(await whenGone(link.pid, signal))) return undefined;
  const how = await supervisor?.exit(AbortSignal.any([signal, AbortSignal.timeout(2_000)]));
  return how ?? 'ended';
}
