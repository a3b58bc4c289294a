import { VaisError } from '../common/error.ts';
import { chooseModule, type Destination } from './choose.ts';
import type { ImageCache } from './image-cache.ts';
import { moduleOf, prepareLibrary } from './prepare.ts';
import type { PushSession } from './push-session.ts';
import { whoHolds } from './render-crash.ts';
import { errorReport, type StageReport } from './report.ts';
import { compare, type Ending, make, offer, type Push, type PushContext } from './session.ts';
import { within } from './within.ts';

/** So many threads are named. */
const maxHolders = 8;

/** The story of `session.ts`, once: compiles a file, and brings it into the program that has its module. */
export async function pushOnce(
  push: Push,
  session: PushSession,
  target: { readonly address: string; readonly program?: string },
  context: PushContext & { readonly cache: ImageCache; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<Ending> {
  const stages: StageReport[] = [];
  const show = (report: StageReport): void => {
    stages.push(report);
    context.output.show(report);
  };
  const { file } = push;
  const { timeoutMs } = context;
  try {
    const library = file.kind === 'library' ? await prepareLibrary(file.path, context.cache) : undefined;
    const module = library?.contract.module ?? moduleOf(file.path);
    const destination = chooseModule(session.state.programs, { ...target, module }, target.address);
    const made = library === undefined ? await make(push, destination, context, signal) : { push, built: library };
    if ('event' in made) return made;
    if ('compiled' in made) show(made.compiled);
    requirePlatform(file.path, made.built.contract.triple, destination);
    const refused = compare(made, destination);
    if (refused !== undefined) return refused;
    const late = (): VaisError => timedOut(destination.program, stages, timeoutMs);
    return await within(timeoutMs, offer(made, destination, session, show), late);
  } catch (thrown) {
    return errorReport(VaisError.from(thrown), { push: push.id, file: file.path });
  }
}

function requirePlatform(path: string, built: string, { program, triple }: Destination): void {
  if (built === triple) return;
  throw new VaisError('wrong_platform', `${path} is built for ${built}, and ${program} runs on ${triple}`, {
    hint: `Push the source, or build for the target: vaisc build --hot --target ${triple}`,
  });
}

/** What a push waited for in vain, told by the stages that it had reached. */
export function timedOut(program: string, stages: readonly StageReport[], timeoutMs: number): VaisError {
  const last = stages.findLast(({ event }) => event !== 'waiting')?.event;
  const holders = stages.filter(({ event }) => event === 'waiting');
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
      inside ? { hint: 'It swaps when that call returns. Does the function wait, or loop for ever?' } : {},
    );
  }
  return new VaisError('timed_out', `the agent has not brought the new version to ${program} within ${seconds}`, {
    hint: 'See `vais-remote events` for what it does. --timeout waits longer.',
  });
}
