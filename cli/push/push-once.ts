import { VaisError } from '../../common/error.ts';
import { within } from '../../common/within.ts';
import type { Offerer } from '../session/reconnecting-session.ts';
import { whoHolds } from '../show/render-crash.ts';
import {
  type ErrorReport,
  errorReport,
  type ReportOf,
  type SendingReport,
  type SentReport,
  type StageReport,
} from '../show/report.ts';
import { chooseModule, type Destination } from './destination.ts';
import type { Outcome } from './outcome.ts';
import { build, compare, forDestination, make, offer, type Push, type PushContext, type Ready } from './push.ts';

/** So many threads are named. */
const maxHolders = 8;

/** Where pushes go. */
export interface PushTarget {
  readonly address: string;
  readonly program?: string;
}

/** What all pushes of a command share. */
export interface PushOnceContext extends PushContext {
  /** How long the program may take to swap and to confirm, in milliseconds. */
  readonly timeoutMs: number;
}

/** What a push is going to bring, and where to; or why it is not. */
export type Planned =
  | { readonly push: Push; readonly destination: Destination; readonly made: Ready }
  | { readonly push: Push; readonly destination?: Destination; readonly made: ErrorReport };

/** The story of `session.ts`, once: compiles a file, and brings it into the program that has its module. */
export async function pushOnce(
  push: Push,
  session: Offerer,
  target: PushTarget,
  context: PushOnceContext,
  signal: AbortSignal,
): Promise<Outcome> {
  return await bring(await plan(push, session, target, context, signal), session, context);
}

/** Whether something can be sent. */
export function isReady(planned: Planned): planned is Extract<Planned, { made: Ready }> {
  return !('event' in planned.made);
}

/** Compiles a file for where it goes, and compares it with what runs there. Not a byte has been sent. */
export async function plan(
  push: Push,
  session: Offerer,
  target: PushTarget,
  context: PushOnceContext,
  signal: AbortSignal,
): Promise<Planned> {
  const { path } = push.unit;
  let destination: Destination | undefined;
  const failed = (made: ErrorReport): Planned => ({
    push,
    made,
    ...(destination === undefined ? {} : { destination }),
  });
  try {
    // Where nobody knows whose module it is, the image has to say so.
    const early = push.unit.module === undefined ? await build(push, undefined, context, signal) : undefined;
    if (early !== undefined && 'event' in early) return failed(early);
    const module = early?.built.contract.module ?? push.unit.module ?? '';
    destination = chooseModule(session.state, { ...target, module }, target.address);
    const made =
      early === undefined ? await make(push, destination, context, signal) : forDestination(early, destination);
    if ('event' in made) return failed(made);
    if (made.compiled !== undefined) context.output.show(made.compiled);
    const refused = misfit(made, destination);
    return refused === undefined ? { push, destination, made } : failed(refused);
  } catch (thrown) {
    return failed(errorReport(VaisError.from(thrown), { push: push.id, file: path }));
  }
}

/**
 * Brings what was planned into its program. Its time to swap begins when the agent has the image; till then, each step on its
 * way begins it anew.
 *
 * @param waiting what begins the time anew of those that swap together, as they wait for each other
 */
export async function bring(
  planned: Planned,
  session: Offerer,
  { output, timeoutMs }: PushOnceContext,
  waiting = new Set<() => void>(),
): Promise<Outcome> {
  if (!isReady(planned)) return planned.made;
  const { push, destination, made } = planned;
  const stages: StageReport[] = [];
  let sending: SendingReport | undefined;
  const show = (report: StageReport | SendingReport | SentReport): void => {
    if (report.event === 'sending') sending = report;
    else if (report.event !== 'sent') stages.push(report);
    if (report.event === 'sending' || report.event === 'received') for (const restart of waiting) restart();
    output.show(report);
  };
  try {
    const late = (): VaisError => timedOut(destination.program, stages, timeoutMs, sending);
    return await within(timeoutMs, offer(made, destination, session, show), late, (restart) => waiting.add(restart));
  } catch (thrown) {
    return errorReport(VaisError.from(thrown), { push: push.id, file: push.unit.path });
  }
}

/** @throws VaisError `wrong_platform` */
function requirePlatform(path: string, built: string, { program, triple }: Destination): void {
  if (built === triple) return;
  throw new VaisError('wrong_platform', `${path} is built for ${built}, and ${program} runs on ${triple}`, {
    hint: `Push the source, or build it for ${triple}; a build command finds that in VAIS_TRIPLE.`,
  });
}

/** @throws VaisError `no_such_module` where an image is of another module than the one it was to be */
function requireModule(path: string, built: string, { module }: Destination): void {
  if (built === module) return;
  throw new VaisError('no_such_module', `${path} is module ${built}, not ${module}`, {
    hint: `Say which it is: --module ${built}, or [module.${built}] in vais.toml.`,
  });
}

/** Why the running program cannot take it, if it cannot. */
export function misfit(ready: Ready, destination: Destination): ErrorReport | undefined {
  const { push, built } = ready;
  try {
    requirePlatform(push.unit.path, built.contract.triple, destination);
    requireModule(push.unit.path, built.contract.module, destination);
    return compare(ready, destination);
  } catch (thrown) {
    return errorReport(VaisError.from(thrown), { push: push.id, file: push.unit.path });
  }
}

/** What a push waited for in vain, told by the stages that it had reached. */
export function timedOut(
  program: string,
  stages: readonly StageReport[],
  timeoutMs: number,
  sending?: SendingReport,
): VaisError {
  const last = stages.findLast(({ event }) => event !== 'waiting')?.event;
  const holders = stages.filter((stage): stage is ReportOf<'waiting'> => stage.event === 'waiting');
  const seconds = `${timeoutMs / 1000} s`;
  if (last === 'swapped')
    return new VaisError('timed_out', `${program} runs the new version, and has not confirmed it within ${seconds}`, {
      hint: 'It is still on probation: see `vais-remote status`. --timeout waits longer.',
    });
  if (last === 'loaded' || last === 'delivered') {
    const inside = holders.some(({ function: name }) => name !== undefined);
    return new VaisError(
      'timed_out',
      [
        `${program} has the new version, and has not reached a safe point within ${seconds}`,
        ...holders.slice(0, maxHolders).map((holder) => whoHolds(holder)),
      ].join('\n'),
      inside ? { hint: 'It swaps when that call returns. Does the function wait, or loop forever?' } : {},
    );
  }
  if (last === undefined || last === 'compiled') {
    const share = sending === undefined ? '' : `, at ${Math.floor((100 * sending.bytes) / sending.of)} %`;
    return new VaisError('timed_out', `nothing more of the library has come to the agent for ${seconds}${share}`, {
      hint: 'Is the connection down? Push again: the upload resumes. --timeout waits longer.',
    });
  }
  return new VaisError('timed_out', `the agent has not brought the new version to ${program} within ${seconds}`, {
    hint: 'See `vais-remote events` for what it does. --timeout waits longer.',
  });
}
