import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { isName } from '../artifact/name.ts';
import { VaisError } from '../common/error.ts';
import { packageVersion } from '../common/package-root.ts';
import type { AgentServiceHandlers } from '../rpc/gen/vais/remote/v1/AgentService.ts';
import type { ListHistoryRequest__Output } from '../rpc/gen/vais/remote/v1/ListHistoryRequest.ts';
import type { ListHistoryResponse } from '../rpc/gen/vais/remote/v1/ListHistoryResponse.ts';
import type { RollbackRequest__Output } from '../rpc/gen/vais/remote/v1/RollbackRequest.ts';
import type { RollbackResponse } from '../rpc/gen/vais/remote/v1/RollbackResponse.ts';
import { toStatus } from '../rpc/status.ts';
import type { Gate } from './gate.ts';
import type { HistoryStore } from './history.ts';
import type { PushEvent } from './notice.ts';
import { type PipelineWorld, runRollback } from './pipeline.ts';
import { noSuchProgram } from './programs.ts';
import { serveSession } from './session.ts';
import { hideInternals, wireEntry, wireEvent, wirePrograms, wireVerdict } from './wire.ts';

/** What the service works with. */
export interface ServiceWorld extends PipelineWorld {
  readonly histories: HistoryStore;
  readonly gate: Gate;
  /** Who calls, and what they have to know to sign; undefined when connections are neither encrypted nor authenticated. */
  readonly callerOf: ((call: { getPeer(): string }) => Caller) | undefined;
  readonly warn: (message: string) => void;
  /** The names of the programs that the agent itself started. */
  readonly supervised: ReadonlySet<string>;
  readonly maxImageBytes: number;
  /** Gets each event of each push. */
  readonly publish: (event: PushEvent) => void;
  /** Calls back for each event from now on; the answer ends that. */
  readonly subscribe: (listener: (event: PushEvent) => void) => () => void;
}

/** A developer who calls. */
export interface Caller {
  readonly id: string;
  readonly name: string;
  readonly agentId: string;
  /** The number of their newest act. */
  readonly lastSequence: number;
}

/** The handlers of `vais.remote.v1.AgentService`. */
export function agentService(world: ServiceWorld): AgentServiceHandlers {
  return {
    GetStatus: (call, done) =>
      answer(done, () => {
        const caller = world.callerOf?.(call);
        return {
          agentVersion: packageVersion,
          insecure: caller === undefined,
          programs: wirePrograms(world.programs, call.request.includeContracts, world.supervised),
          agentId: caller?.agentId ?? '',
          lastSequence: caller?.lastSequence ?? 0,
          developer: caller?.name ?? '',
        };
      }),
    Session: (stream) => serveSession(stream, world),
    ListHistory: (call: ServerUnaryCall<ListHistoryRequest__Output, ListHistoryResponse>, done) =>
      answer(done, () => listHistory(call.request, world)),
    Rollback: (call) => {
      void rollback(call, world);
    },
    WatchEvents: (call) => {
      // A watcher that does not read is let go, rather than kept in memory.
      const end = world.subscribe((event) => {
        if (call.writableLength > 10_000) call.destroy();
        else call.write({ event: wireEvent(event) });
      });
      call.on('cancelled', end).on('close', end).on('error', end);
    },
  };
}

/** Answers a call with what `make` gives or throws. */
export function answer<Answer>(done: sendUnaryData<Answer>, make: () => Answer | Promise<Answer>): void {
  Promise.resolve()
    .then(make)
    .then(
      (value) => done(null, value),
      (thrown: unknown) => done(toStatus(hideInternals(VaisError.from(thrown)))),
    );
}

async function listHistory(request: ListHistoryRequest__Output, world: ServiceWorld): Promise<ListHistoryResponse> {
  const { program, module } = resolve(request, world);
  const history = await world.histories.of(program, module);
  const lineage = world.programs.laneOf(program, module)?.lineage ?? history.latest;
  if (lineage === undefined) throw noSuchProgram(program, world.programs.links);
  return {
    program,
    module,
    baseBuildId: lineage.base,
    entries: lineage.entries.map((entry) => wireEntry(entry, lineage)),
  };
}

async function rollback(call: ServerWritableStream<RollbackRequest__Output, RollbackResponse>, world: ServiceWorld) {
  const startedAt = performance.now() - Math.min(Math.max(call.request.elapsedUs, 0) / 1000, 86_400_000);
  const send = (response: RollbackResponse) => {
    if (!call.cancelled && !call.destroyed) call.write(response);
  };
  try {
    const { version, parentVersion, signature } = call.request;
    const { program, module } = resolve(call.request, world);
    const admission = world.gate.rollback({ program, module, version, parentVersion }, signature);
    const sinks = [world.publish, (event: PushEvent) => send({ progress: { nonce: 0, event: wireEvent(event) } })];
    const verdict = await runRollback(
      { program, module, version, parentVersion, startedAt, admitted: admission.durable },
      world,
      sinks,
    );
    await admission.close(verdict).catch((thrown: unknown) => world.warn(VaisError.from(thrown).message));
    send(wireVerdict(0, verdict));
    call.end();
  } catch (thrown) {
    call.emit('error', toStatus(hideInternals(VaisError.from(thrown))));
  }
}

/** Fills in names that were left out, where there is only one. */
function resolve(
  request: { program: string; module: string },
  world: ServiceWorld,
): { program: string; module: string } {
  const names = [...new Set(world.programs.links.map(({ name }) => name))];
  const program = request.program === '' ? only('program', names) : request.program;
  const modules = world.programs.links
    .filter(({ name }) => name === program)
    .flatMap((link) => [...link.modules.keys()]);
  const module = request.module === '' ? only('module', [...new Set(modules)], program) : request.module;
  if (!isName(program)) throw noSuchProgram(JSON.stringify(program), world.programs.links);
  if (!isName(module)) throw new VaisError('no_such_module', `${program} has no module ${JSON.stringify(module)}`);
  return { program, module };
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
  throw new VaisError('usage', `${where} has more than one ${what}: ${names.join(', ')}`, {
    hint: what === 'program' ? 'Name it: HOST:PORT/PROGRAM.' : 'Name it with --module.',
  });
}
