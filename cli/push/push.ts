/**
 * The story of a push, read first: choose → build → compare → offer → show. `watch` tells it at each save
 * (`source-follower.ts`), `push` once (`push-once.ts`); both on one `PushSession`.
 */
import { randomBytes } from 'node:crypto';
import { contractChanged, transitionOf } from '../../artifact/contract/transition.ts';
import { functionNames } from '../../artifact/image/symbols.ts';
import type { Triple } from '../../artifact/image/triple.ts';
import { lookInto } from '../../artifact/transfer/local-image.ts';
import type { Digest } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import type { Event__Output } from '../../rpc/gen/vais/remote/v1/Event.ts';
import type { Manifest } from '../../rpc/gen/vais/remote/v1/Manifest.ts';
import type { ImageCache } from '../session/image-cache.ts';
import type { Offerer } from '../session/reconnecting-session.ts';
import { Sending } from '../session/sending.ts';
import type { Output } from '../show/output.ts';
import {
  type ErrorReport,
  errorReport,
  type ReportOf,
  type SendingReport,
  type SentReport,
  type StageReport,
} from '../show/report.ts';
import { stageReport } from '../show/stage-report.ts';
import type { PushClock } from './clock.ts';
import { contractsOf, type Destination } from './destination.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import type { BuiltModule, CompileOptions, Prepared, Unit } from './unit.ts';

/** One push: a number that tells it apart, what it is of, and its clock. */
export interface Push {
  readonly id: number;
  readonly unit: Unit;
  readonly clock: PushClock;
  /** Gives the text of what the compiler reads; the disk's when it is missing. */
  readonly read: (path: string) => string | undefined;
  /** Hears what else was read. */
  readonly onRead?: (paths: readonly string[]) => void;
  /** The state of the sources, where it is known: see `BuildOrder`. */
  readonly revision?: string;
}

/** Something that can be offered, and what to show about how it was made. */
export interface Ready {
  readonly push: Push;
  readonly built: BuiltModule;
  readonly compiled?: ReportOf<'compiled'>;
  /** The fast build of the same source, whose place this one takes in its version. */
  readonly refines?: Digest;
  /** The modules of the same program that it swaps with. */
  readonly group?: PushGroup;
}

/** Modules that swap together. */
export interface PushGroup {
  readonly id: string;
  /** All of them. */
  readonly modules: readonly string[];
}

/** A new group. */
export function groupOf(modules: readonly string[]): PushGroup {
  return { id: randomBytes(16).toString('hex'), modules };
}

/** Builds for a platform. An error is returned, not thrown: the caller says when to show it. */
export async function build(
  push: Push,
  triple: Triple | undefined,
  { options, folder, cache, output }: PushContext,
  signal: AbortSignal,
): Promise<Ready | ErrorReport> {
  const { unit, read, onRead = () => undefined, revision } = push;
  const state = revision === undefined ? {} : { revision };
  try {
    const made = await unit.build({ triple, options, folder, signal, cache, read, onRead, output, ...state });
    return made.ok ? { push, built: made.built } : compileFailed(push, made);
  } catch (thrown) {
    return errorReport(VaisError.from(thrown), { push: push.id, file: unit.path });
  }
}

/** Builds for the destination, as `build`. */
export async function make(
  push: Push,
  destination: Destination,
  context: PushContext,
  signal: AbortSignal,
): Promise<Ready | ErrorReport> {
  const made = await build(push, destination.triple, context, signal);
  return 'event' in made ? made : forDestination(made, destination);
}

/** With what there is to say of the build, where there was one. */
export function forDestination(ready: Ready, destination: Destination): Ready {
  const { push, built } = ready;
  return built.compiled === undefined ? ready : { ...ready, compiled: compiledReport(push, built, destination) };
}

/** What the new contract breaks in the running program, if anything. Not a byte has been sent. */
export function compare({ push, built }: Ready, destination: Destination): ErrorReport | undefined {
  const which = { push: push.id, file: push.unit.path };
  try {
    for (const running of contractsOf(destination)) {
      const { refused: differences } = transitionOf(running, built.contract);
      if (differences.length > 0) return errorReport(contractChanged(differences), { ...which, differences });
    }
    return undefined;
  } catch (thrown) {
    return errorReport(VaisError.from(thrown), which); // What the program states of itself cannot be read.
  }
}

/**
 * Offers an image and shows what becomes of it.
 *
 * @param onFailed gets the failure of a version that had been confirmed, as long as the session lasts
 * @throws VaisError when the session breaks before the agent's last word
 */
export async function offer(
  ready: Ready,
  destination: Destination,
  session: Offerer,
  show: (report: StageReport | SendingReport | SentReport) => void,
  onFailed: (report: ErrorReport) => void = () => undefined,
): Promise<Outcome> {
  const { push, built, refines, group } = ready;
  const { clock } = push;
  const second = refines === undefined ? {} : { tier: built.contract.tier, refines };
  let answered = false;
  const onEvent = (event: Event__Output): void => {
    const report = stageReport(event, clock.msOf(event), functionsOf(built));
    if (report === undefined) return;
    show({ ...report, push: push.id, ...second });
    if (answered && report.event === 'reverted') onFailed(failureOf(report, push));
  };
  const about = { push: push.id, program: destination.program, module: destination.module };
  const sending = new Sending(about, built.image.size, () => clock.ms, show);
  const word = await session.offer({
    manifest: manifestOf(ready, destination),
    image: built.image,
    elapsedUs: () => clock.offer(),
    onEvent,
    onProgress: sending.progress,
    onSent: sending.done,
  });
  answered = true;
  return outcomeOf(word, {
    ...about,
    file: push.unit.path,
    buildId: built.contract.buildId,
    digest: built.digest,
    tier: built.contract.tier,
    ...second,
    ...(isUnchecked(built, destination) ? { unchecked: true as const } : {}),
    ...(group === undefined ? {} : { together: group.modules.filter((module) => module !== destination.module) }),
    ms: clock.ms,
  });
}

/** Whether nothing but names could be compared. What is not known to us is known to the agent, which compared it. */
function isUnchecked({ contract }: BuiltModule, destination: Destination): boolean {
  return contract.origin === 'unchecked' || contractsOf(destination).some(({ origin }) => origin === 'unchecked');
}

/** The failure of a version that had been confirmed. */
function failureOf({ reason: { message, hint } }: ReportOf<'reverted'>, push: Push): ErrorReport {
  return errorReport(new VaisError('reverted', message, { hint }), { push: push.id, file: push.unit.path });
}

/** Names the functions of an image; it is read when the first trace asks. */
function functionsOf({ image }: BuiltModule): (address: number) => string | undefined {
  let names: ReturnType<typeof functionNames> | undefined;
  return (address) => {
    names ??= lookInto(image, functionNames);
    return names(address);
  };
}

/** What all pushes of a command share. */
export interface PushContext {
  readonly output: Output;
  readonly options: CompileOptions;
  /** For images; removed when the command ends. */
  readonly folder: string;
  readonly cache: ImageCache;
}

function manifestOf({ built: { image, digest, contract }, refines, group }: Ready, destination: Destination): Manifest {
  const [first] = destination.instances;
  return {
    program: destination.program,
    module: destination.module,
    triple: contract.triple,
    digest,
    size: image.size,
    parentVersion: first.contract.length === 0 ? 0 : first.version,
    tier: contract.tier === 'fast' ? 'TIER_FAST' : 'TIER_OPTIMIZED',
    buildId: contract.buildId,
    refines: refines ?? '',
    group: group?.id ?? '',
    groupSize: group?.modules.length ?? 0,
  };
}

function compiledReport(
  push: Push,
  { contract, digest, compiled }: BuiltModule,
  { program, module }: Destination,
): ReportOf<'compiled'> {
  return {
    event: 'compiled',
    push: push.id,
    program,
    module,
    buildId: contract.buildId,
    digest,
    ms: push.clock.ms,
    file: push.unit.path,
    tier: contract.tier,
    ...(compiled === undefined
      ? {}
      : { toolchain: compiled.toolchain, frontMs: compiled.front, backMs: compiled.back }),
  };
}

function compileFailed(
  { id, unit }: Push,
  { diagnostics, message: said }: Extract<Prepared, { ok: false }>,
): ErrorReport {
  const count = diagnostics.filter(({ severity }) => severity === 'error').length;
  const message = said ?? `${unit.path} does not compile: ${count === 1 ? '1 error' : `${count} errors`}`;
  const more = { push: id, file: unit.path, ...(said === undefined ? { diagnostics } : {}) };
  return errorReport(new VaisError('compile_failed', message), more);
}
