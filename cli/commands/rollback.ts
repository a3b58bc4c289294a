import { VaisError } from '../../common/error.ts';
import { within } from '../../common/within.ts';
import type { RollbackRequest } from '../../rpc/gen/vais/remote/v1/RollbackRequest.ts';
import type { RollbackResponse__Output } from '../../rpc/gen/vais/remote/v1/RollbackResponse.ts';
import { fromFailure } from '../../rpc/status.ts';
import { PushClock } from '../push/clock.ts';
import type { Ending } from '../push/push.ts';
import { timedOut } from '../push/push-once.ts';
import { type Context, interruptedExit } from '../show/context.ts';
import { errorReport, type StageReport } from '../show/report.ts';
import { stageReport } from '../show/stage-report.ts';
import { type Connection, connect, readTarget } from '../targets/connect.ts';

export interface RollbackOptions {
  readonly to?: string;
  readonly module?: string;
  /** How long the program may take to swap, in milliseconds. */
  readonly timeoutMs: number;
}

/** `rollback [VERSION]`: an earlier version's code becomes the next version; without a number, the one before. */
export async function rollback(
  version: number | undefined,
  options: RollbackOptions,
  context: Context,
): Promise<number> {
  const { output, signal } = context;
  const target = await readTarget(options.to, context);
  const client = await connect(target, context);
  const over = new AbortController();
  try {
    const clock = new PushClock();
    const wanted = { program: target.program ?? '', module: options.module ?? '', version: version ?? 0 };
    const request = { ...wanted, ...(await signed(wanted, client)), elapsedUs: clock.offer() };
    const stages: StageReport[] = [];
    const answers = client.rollback(request, AbortSignal.any([signal, over.signal]));
    const show = (report: StageReport): void => {
      stages.push(report);
      output.show({ ...report, push: 1 });
    };
    const late = (): VaisError =>
      timedOut(stages.at(-1)?.program ?? target.program ?? 'the program', stages, options.timeoutMs);
    const ending = await within(options.timeoutMs, readAnswers(answers, clock, request, show), late);
    if (signal.aborted) return interruptedExit;
    output.show(ending);
    return ending.event === 'error' ? ending.exit : 0;
  } finally {
    over.abort();
    client.close();
  }
}

interface SignedRollback extends Pick<RollbackRequest, 'signature' | 'parentVersion'> {
  readonly program: string;
  readonly module: string;
}

/** The signature of the request and what it is of, where the agent wants one: for a program and a module by name, and what runs there now. */
async function signed(
  wanted: { readonly program: string; readonly module: string; readonly version: number },
  client: Connection,
): Promise<Partial<SignedRollback>> {
  if (client.signer === undefined) return {};
  const state = await client.getStatus(false);
  const { program, module, entries } = await client.listHistory(wanted.program, wanted.module);
  const parentVersion = entries.find(({ desired }) => desired)?.version ?? 0;
  const act = { program, module, version: wanted.version, parentVersion };
  return { program, module, parentVersion, signature: client.signer.rollback(act, state) };
}

/** Shows the events of a rollback and returns how it ended. */
export async function readAnswers(
  answers: AsyncIterable<RollbackResponse__Output>,
  clock: PushClock,
  asked: { readonly program: string; readonly module: string },
  show: (report: StageReport) => void,
): Promise<Ending> {
  let last: StageReport | undefined;
  for await (const { progress, ack, nack } of answers) {
    if (progress?.event) {
      const report = stageReport(progress.event, clock.msOf(progress.event));
      if (report === undefined) continue;
      last = report;
      show(report);
    } else if (ack) {
      const { program = asked.program, module = asked.module, buildId, digest } = last ?? {};
      const names = { ...(buildId === undefined ? {} : { buildId }), ...(digest === undefined ? {} : { digest }) };
      const { version, unchanged } = ack;
      return { event: 'done', push: 1, program, module, version, unchanged, ...names, ms: clock.ms };
    } else if (nack) {
      return errorReport(fromFailure(nack.reason), { push: 1 });
    }
  }
  return errorReport(new VaisError('unreachable', 'the agent ended the rollback without saying what became of it'));
}
