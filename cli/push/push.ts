/**
 * The story of a push, read first: choose → compile → compare → offer → show. `watch` tells it at each save
 * (`follow.ts`), `push` once; both on one `PushSession`.
 */
import { randomBytes } from 'node:crypto';
import { contractChanged, transitionOf } from '../../artifact/contract/transition.ts';
import { functionNames } from '../../artifact/image/symbols.ts';
import { lookInto } from '../../artifact/transfer/local-image.ts';
import type { Digest } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import type { Event__Output } from '../../rpc/gen/vais/remote/v1/Event.ts';
import type { Manifest } from '../../rpc/gen/vais/remote/v1/Manifest.ts';
import { Sending } from '../session/sending.ts';
import type { Offerer } from '../session/steady-session.ts';
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
import { type BuiltModule, type CompileOptions, type PushFile, prepareSource } from './prepare.ts';

/** One push: a number that tells it apart, what it is of, and its clock. */
export interface Push {
  readonly id: number;
  readonly file: PushFile;
  readonly clock: PushClock;
  /** Gives the text of what the compiler reads; the disk's when it is missing. */
  readonly read?: (path: string) => string | undefined;
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

/** Compiles the source for the destination. An error is returned, not thrown: the caller says when to show it. */
export async function make(
  push: Push,
  destination: Destination,
  { options, folder }: PushContext,
  signal: AbortSignal,
): Promise<(Ready & { readonly compiled: ReportOf<'compiled'> }) | ErrorReport> {
  try {
    const prepared = await prepareSource(push.file.path, destination.triple, options, folder, signal, push.read);
    if (!prepared.ok) return compileFailed(push, prepared.diagnostics);
    return { push, built: prepared.built, compiled: compiledReport(push, prepared.built, destination) };
  } catch (thrown) {
    return errorReport(VaisError.from(thrown), { push: push.id, file: push.file.path });
  }
}

/** What the new contract breaks in the running program, if anything. Not a byte has been sent. */
export function compare({ push, built }: Ready, destination: Destination): ErrorReport | undefined {
  const which = { push: push.id, file: push.file.path };
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
    file: push.file.path,
    buildId: built.contract.buildId,
    digest: built.digest,
    tier: built.contract.tier,
    ...second,
    ...(group === undefined ? {} : { together: group.modules.filter((module) => module !== destination.module) }),
    ms: clock.ms,
  });
}

/** The failure of a version that had been confirmed. */
function failureOf({ reason: { message, hint } }: ReportOf<'reverted'>, push: Push): ErrorReport {
  return errorReport(new VaisError('reverted', message, { hint }), { push: push.id, file: push.file.path });
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
    file: push.file.path,
    tier: contract.tier,
    ...(compiled === undefined
      ? {}
      : { toolchain: compiled.toolchain, frontMs: compiled.front, backMs: compiled.back }),
  };
}

function compileFailed(push: Push, diagnostics: ErrorReport['diagnostics']): ErrorReport {
  const count = diagnostics?.filter(({ severity }) => severity === 'error').length ?? 0;
  const message = `${push.file.path} does not compile: ${count === 1 ? '1 error' : `${count} errors`}`;
  const more = { push: push.id, file: push.file.path, ...(diagnostics === undefined ? {} : { diagnostics }) };
  return errorReport(new VaisError('compile_failed', message), more);
}
