import type { VaisError } from '../../common/error.ts';
import { within } from '../../common/within.ts';
import type { RollbackRequest } from '../../rpc/gen/vais/remote/v1/RollbackRequest.ts';
import type { Output } from '../show/output.ts';
import type { StageReport } from '../show/report.ts';
import type { Connection } from '../targets/connect.ts';
import { PushClock } from './clock.ts';
import type { Outcome } from './outcome.ts';
import { timedOut } from './push-once.ts';
import { readAnswers } from './rollback-answers.ts';

/** What is rolled back: empty names are the agent's to find; version 0 is the one before. */
export interface RollbackWish {
  readonly program: string;
  readonly module: string;
  readonly version: number;
}

/** Makes an earlier version's code the next version, and shows its stages. Returns how it ended, which is not shown yet. */
export async function rollBack(
  wanted: RollbackWish,
  client: Connection,
  { output, timeoutMs, push }: { readonly output: Output; readonly timeoutMs: number; readonly push: number },
  signal: AbortSignal,
): Promise<Outcome> {
  const over = new AbortController();
  try {
    const clock = new PushClock();
    const request = { ...wanted, ...(await signed(wanted, client)), elapsedUs: clock.offer() };
    const stages: StageReport[] = [];
    const answers = client.rollback(request, AbortSignal.any([signal, over.signal]));
    const show = (report: StageReport): void => {
      stages.push(report);
      output.show({ ...report, push });
    };
    const late = (): VaisError =>
      timedOut(stages.at(-1)?.program ?? (wanted.program || 'the program'), stages, timeoutMs);
    return { ...(await within(timeoutMs, readAnswers(answers, clock, request, show), late)), push };
  } finally {
    over.abort();
  }
}

interface SignedRollback extends Pick<RollbackRequest, 'signature' | 'parentVersion'> {
  readonly program: string;
  readonly module: string;
}

/** The signature of the request and what it is of, where the agent wants one: for a program and a module by name, and what runs there now. */
async function signed(wanted: RollbackWish, client: Connection): Promise<Partial<SignedRollback>> {
  if (client.signer === undefined) return {};
  const state = await client.getStatus(false);
  const { program, module, entries } = await client.listHistory(wanted.program, wanted.module);
  const parentVersion = entries.find(({ desired }) => desired)?.version ?? 0;
  const act = { program, module, version: wanted.version, parentVersion };
  return { program, module, parentVersion, signature: client.signer.rollback(act, state) };
}
