import { defined } from '../../common/defined.ts';
import { fromFailure } from '../../rpc/status.ts';
import type { LastWord } from '../session/offering.ts';
import { type DoneReport, type ErrorReport, errorReport } from '../show/report.ts';

/** How a push or a rollback ended. */
export type Outcome = DoneReport | ErrorReport;

/** What a push is of, as its outcome says it. */
type About = Omit<DoneReport, 'event' | 'version' | 'unchanged'> & Pick<ErrorReport, 'file'>;

/** The agent's last word as an outcome. */
export function outcomeOf({ ack, nack }: LastWord, { file, ...about }: About): Outcome {
  if (ack) return { event: 'done', ...about, version: ack.version, unchanged: ack.unchanged };
  return errorReport(fromFailure(nack?.reason), { push: about.push, ...defined({ file }) });
}
