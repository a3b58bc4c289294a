import type { ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { isName } from '../../artifact/contract/name.ts';
import { VaisError } from '../../common/error.ts';
import { packageVersion } from '../../common/package-root.ts';
import { answer } from '../../rpc/answer.ts';
import type { AgentServiceHandlers } from '../../rpc/gen/vais/remote/v1/AgentService.ts';
import type { ListHistoryRequest__Output } from '../../rpc/gen/vais/remote/v1/ListHistoryRequest.ts';
import type { ListHistoryResponse } from '../../rpc/gen/vais/remote/v1/ListHistoryResponse.ts';
import type { RollbackRequest__Output } from '../../rpc/gen/vais/remote/v1/RollbackRequest.ts';
import type { RollbackResponse } from '../../rpc/gen/vais/remote/v1/RollbackResponse.ts';
import type { State } from '../../rpc/gen/vais/remote/v1/State.ts';
import type { Storage } from '../../rpc/gen/vais/remote/v1/Storage.ts';
import type { WatchEventsRequest__Output } from '../../rpc/gen/vais/remote/v1/WatchEventsRequest.ts';
import type { WatchEventsResponse } from '../../rpc/gen/vais/remote/v1/WatchEventsResponse.ts';
import { hideInternals, toStatus } from '../../rpc/status.ts';
import { runRollback } from '../receive/pipeline.ts';
import { Budget } from '../receive/uploads.ts';
import type { PushEvent, Warning } from '../say/notice.ts';
import type { StorageFaults } from '../store/faults.ts';
import type { HistoryStore } from '../store/history-store.ts';
import { type CallerOf, type LimitedCall, Streams } from '../trust/limits.ts';
import { type Logged, readLog } from './log.ts';
import { type SessionDeps, serveSession, startOf } from './session.ts';
import { wireEntry, wireEvent, wireOutcome, wirePrograms, wireWarning } from './wire.ts';

/** What the service works with. */
export interface ServiceDeps extends Omit<SessionDeps, 'state' | 'budget' | 'caller'> {
  readonly histories: HistoryStore;
  readonly faults: StorageFaults;
  /** What the data folder takes, and what is wrong with it. */
  readonly storage: () => Promise<Storage>;
  /** True when connections are neither encrypted nor authenticated. */
  readonly insecure: boolean;
  /** Who calls, and what they have to know to sign. @throws VaisError when they may not */
  readonly callerOf: CallerOf;
  /** The programs that the agent itself started, by their names. */
  readonly supervised: ReadonlyMap<string, Logged>;
  /** Calls back for each event and each warning from now on; the answer ends that. */
  readonly subscribe: (listener: (heard: PushEvent | Warning) => void) => () => void;
}

/** A watcher that leaves so many events unread is let go, rather than kept in memory. */
const mostUnread = 1_024;

/** The handlers of `vais.remote.v1.AgentService`. */
export function agentService(deps: ServiceDeps): AgentServiceHandlers {
  const { callerOf } = deps;
  const streams = new Streams();
  const limited = (call: LimitedCall, serve: () => void) => {
    try {
      const end = streams.begin(callerOf(call).id);
      call.on('close', end).on('cancelled', end).on('error', end);
      serve();
    } catch (thrown) {
      call.emit('error', toStatus(thrown));
    }
  };
  const sessions: Omit<SessionDeps, 'caller'> = {
    ...deps,
    state: stateOf(deps),
    budget: new Budget(2 * deps.maxImageBytes),
  };
  return {
    GetStatus: (call, done) =>
      answer(done, async () => {
        const caller = callerOf(call);
        return {
          storage: await deps.storage(),
          agentVersion: packageVersion,
          insecure: deps.insecure,
          programs: wirePrograms(deps.programs, call.request.includeContracts, deps.supervised),
          agentId: caller.agentId,
          lastSequence: caller.lastSequence,
          developer: caller.name,
          awaited: [...deps.programs.awaited],
        };
      }),
    Session: (stream) => limited(stream, () => serveSession(stream, { ...sessions, caller: () => callerOf(stream) })),
    ListHistory: (call: ServerUnaryCall<ListHistoryRequest__Output, ListHistoryResponse>, done) =>
      answer(done, () => listHistory(call.request, deps)),
    Rollback: (call) => {
      void rollback(call, deps);
    },
    WatchEvents: (call) => limited(call, () => watchEvents(call, deps)),
    ReadLog: (call) => limited(call, () => void readLog(call, deps)),
  };
}

/** What runs, made once for all sessions after each change. */
function stateOf(deps: ServiceDeps): () => State {
  let state: State = {};
  let text: string | undefined;
  let isStale = true;
  deps.programs.on('changed', () => {
    isStale = true;
  });
  return () => {
    if (!isStale) return state;
    isStale = false;
    const programs = wirePrograms(deps.programs, true, deps.supervised);
    const awaited = [...deps.programs.awaited];
    const now = JSON.stringify([programs, awaited]);
    if (now !== text) state = { agentVersion: packageVersion, insecure: deps.insecure, programs, awaited };
    text = now;
    return state;
  };
}

function watchEvents(call: ServerWritableStream<WatchEventsRequest__Output, WatchEventsResponse>, deps: ServiceDeps) {
  const end = deps.subscribe((event) => {
    if (call.writableLength <= mostUnread) {
      call.write(event.event === 'warning' ? { warning: wireWarning(event) } : { event: wireEvent(event) });
      return;
    }
    end();
    call.emit('error', toStatus(new VaisError('busy', 'the client does not read the events')));
  });
  call.on('cancelled', end).on('close', end).on('error', end);
}

async function listHistory(request: ListHistoryRequest__Output, deps: ServiceDeps): Promise<ListHistoryResponse> {
  const connected = runningModules(deps);
  const isThere = connected.some((each) => request.program === '' || request.program === each.program);
  const histories = await deps.histories.all();
  const { program, module } = resolve(request, isThere ? connected : histories, deps);
  const history = histories.find((each) => each.program === program && each.module === module);
  if (history === undefined) {
    const own = namesOf(
      [...connected, ...histories].filter((each) => each.program === program),
      'module',
    );
    if (own.length === 0) throw deps.programs.missing(program);
    throw new VaisError('no_such_module', `${program} has no module ${module}; it has ${own.join(', ')}`);
  }
  const running = deps.programs.queueOf(program, module)?.lineage;
  // The one that runs comes first, then the others as they ran last.
  const lineages = history.lineages.toReversed();
  lineages.sort((a, b) => Number(running?.isOf(b) === true) - Number(running?.isOf(a) === true));
  const lineage = lineages[request.line];
  if (lineage === undefined)
    throw new VaisError('no_such_version', `${module} of ${program} has no lineage ${request.line}`, {
      hint:
        lineages.length === 1
          ? 'It has one: leave out --lineage.'
          : `--lineage goes from 0, the newest, to ${lineages.length - 1}.`,
    });
  return {
    program,
    module,
    baseBuildId: lineage.base,
    forgotten: lineage.forgotten ?? 0,
    entries: lineage.entries.map((entry) => wireEntry(entry, lineage)),
    lines: lineages.length,
  };
}

async function rollback(call: ServerWritableStream<RollbackRequest__Output, RollbackResponse>, deps: ServiceDeps) {
  const startedAt = startOf(call.request.elapsedUs);
  const send = (response: RollbackResponse) => {
    if (!call.cancelled && !call.destroyed) call.write(response);
  };
  try {
    const { version, parentVersion, signature } = call.request;
    const { program, module } = resolve(call.request, runningModules(deps), deps);
    const admission = deps.authorizer.rollback(
      { program, module, version, parentVersion },
      signature,
      deps.callerOf(call),
    );
    const sinks = [deps.publish, (event: PushEvent) => send({ progress: { nonce: 0, event: wireEvent(event) } })];
    const outcome = await runRollback(
      {
        ...{ program, module, version, parentVersion, startedAt },
        ...{ admitted: admission.durable, developer: admission.developer, requireRights: admission.requireRights },
      },
      deps,
      sinks,
    );
    await admission.close(outcome).catch((thrown: unknown) => deps.warn(VaisError.from(thrown).message));
    send(wireOutcome(0, outcome));
    call.end();
  } catch (thrown) {
    call.emit('error', toStatus(hideInternals(VaisError.from(thrown))));
  }
}

interface Named {
  readonly program: string;
  readonly module: string;
}

function runningModules(deps: ServiceDeps): Named[] {
  return deps.programs.links.flatMap((link) =>
    [...link.modules.keys()].map((module) => ({ program: link.name, module })),
  );
}

/** Fills in names that were left out, where there is only one. */
function resolve(request: Named, known: readonly Named[], deps: ServiceDeps): Named {
  const program = request.program === '' ? only('program', namesOf(known, 'program')) : request.program;
  if (!isName(program)) throw deps.programs.missing(shown(program));
  const own = known.filter((each) => each.program === program);
  if (own.length === 0) throw deps.programs.missing(program);
  const module = request.module === '' ? only('module', namesOf(own, 'module'), program) : request.module;
  if (!isName(module)) throw new VaisError('no_such_module', `${program} has no module ${shown(module)}`);
  return { program, module };
}

function namesOf(known: readonly Named[], what: 'program' | 'module'): string[] {
  return [...new Set(known.map((each) => each[what]))];
}

function only(what: 'program' | 'module', names: readonly string[], program?: string): string {
  const [name, second] = names;
  if (name !== undefined && second === undefined) return name;
  const where = program === undefined ? 'the agent' : program;
  if (name === undefined)
    throw new VaisError(
      `no_such_${what}`,
      program === undefined ? 'no program is connected to the agent' : `there is no program ${program} here`,
    );
  throw new VaisError(`no_such_${what}`, `${where} has more than one ${what}: ${names.join(', ')}`, {
    hint: what === 'program' ? 'Name it: HOST:PORT/PROGRAM.' : 'Name it with --module.',
  });
}

/** What cannot be a name, fit for a message. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 64)).replace(/[^\x20-\x7e]/g, '?');
}
