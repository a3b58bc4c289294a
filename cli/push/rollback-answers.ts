import { defined } from '../../common/defined.ts';
import { VaisError } from '../../common/error.ts';
import type { RollbackResponse__Output } from '../../rpc/gen/vais/remote/v1/RollbackResponse.ts';
import { errorReport, type StageReport } from '../show/report.ts';
import { stageReport } from '../show/stage-report.ts';
import type { PushClock } from './clock.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

/** Shows the events of a rollback and returns how it ended. */
export async function readAnswers(
  answers: AsyncIterable<RollbackResponse__Output>,
  clock: PushClock,
  asked: { readonly program: string; readonly module: string },
  show: (report: StageReport) => void,
): Promise<Outcome> {
  let last: StageReport | undefined;
  for await (const { progress, ack, nack } of answers) {
    if (progress?.event) {
      const report = stageReport(progress.event, clock.msOf(progress.event));
      if (report === undefined) continue;
      last = report;
      show(report);
    } else if (ack || nack) {
      const { program = asked.program, module = asked.module, buildId, digest } = last ?? {};
      return outcomeOf({ ack, nack }, { push: 1, program, module, ...defined({ buildId, digest }), ms: clock.ms });
    }
  }
  return errorReport(new VaisError('unreachable', 'the agent ended the rollback without saying what became of it'));
}
