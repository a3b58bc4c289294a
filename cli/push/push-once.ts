import { moduleOfFile } from '../../artifact/contract/name.ts';
import { VaisError } from '../../common/error.ts';
import { within } from '../../common/within.ts';
import type { ImageCache } from '../session/image-cache.ts';
import type { Offerer } from '../session/steady-session.ts';
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
import { prepareLibrary } from './prepare.ts';
import { compare, make, offer, type Push, type PushContext, type Ready } from './push.ts';

/** So many threads are named. */
const maxHolders = 8;

/** Where pushes go. */
export interface PushTarget {
  readonly address: string;
  readonly program?: string;
}

/** What all pushes of a command share. */
export interface PushOnceContext extends PushContext {
  readonly cache: ImageCache;
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
  const { file } = push;
  let destination: Destination | undefined;
  const failed = (made: ErrorReport): Planned => ({
    push,
    made,
    ...(destination === undefined ? {} : { destination }),
  });
  try {
    const library = file.kind === 'library' ? await prepareLibrary(file.path, context.cache) : undefined;
    const module = library?.contract.module ?? moduleOfFile(file.path);
    destination = chooseModule(session.state, { ...target, module }, target.address);
    const made = library === undefined ? await make(push, destination, context, signal) : { push, built: library };
    if ('event' in made) return failed(made);
    if ('compiled' in made) context.output.show(made.compiled);
    requirePlatform(file.path, made.built.contract.triple, destination);
    const refused = compare(made, destination);
    return refused === undefined ? { push, destination, made } : failed(refused);
  } catch (thrown) {
    return failed(errorReport(VaisError.from(thrown), { push: push.id, file: file.path }));
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
    return errorReport(VaisError.from(thrown), { push: push.id, file: push.file.path });
  }
}

function requirePlatform(path: string, built: string, { program, triple }: Destination): void {
  if (built === triple) return;
  throw new VaisError('wrong_platform', `${path} is built for ${built}, and ${program} runs on ${triple}`, {
    hint: `Push the source, or build for the target: vaisc build --hot --target ${triple}`,
  });
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
