import { Command } from 'commander';
import type { VaisError } from '../../common/error.ts';
import { within } from '../../common/within.ts';
import type { RollbackRequest } from '../../rpc/gen/vais/remote/v1/RollbackRequest.ts';
import { PushClock } from '../push/clock.ts';
import { timedOut } from '../push/push-once.ts';
import { readAnswers } from '../push/rollback-answers.ts';
import { type Context, interruptedExit } from '../show/context.ts';
import type { StageReport } from '../show/report.ts';
import { type Connection, connect, readTarget } from '../targets/connect.ts';
import {
  type Edge,
  jsonOption,
  moduleOption,
  type TargetFlags,
  timeoutOption,
  toOption,
  version,
  wanted,
} from './flags.ts';
export function command(edge: Edge): Command {
  return new Command('rollback')
    .description('make an earlier version’s code the next version')
    .argument('[version]', 'the version to go back to; without it, the one before', version)
    .addOption(toOption())
    .addOption(moduleOption())
    .addOption(timeoutOption())
    .addOption(jsonOption())
    .action((number: number | undefined, flags: TargetFlags & { module?: string; timeout: number }) => {
      const options = { ...wanted(flags, edge), timeoutMs: flags.timeout * 1000 };
      return edge.run('rollback', flags, (context) => rollback(number, options, context));
    });
}

export interface RollbackOptions {
  readonly to?: string;
  readonly module?: string;
  /** How long the program may take to swap, in milliseconds. */
  readonly timeoutMs: number;
}

/** `rollback [VERSION]`: an earlier version's code becomes the next version; without a number, the one before. */
async function rollback(version: number | undefined, options: RollbackOptions, context: Context): Promise<number> {
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
    const outcome = await within(options.timeoutMs, readAnswers(answers, clock, request, show), late);
    if (signal.aborted) return interruptedExit;
    output.show(outcome);
    return outcome.event === 'error' ? outcome.exit : 0;
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
