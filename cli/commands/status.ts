import { Command } from 'commander';
import { restoring, VaisError } from '../../common/error.ts';
import type { GetStatusResponse__Output } from '../../rpc/gen/vais/remote/v1/GetStatusResponse.ts';
import { forEach } from '../push/fan-out.ts';
import { PushSession } from '../session/push-session.ts';
import { ReconnectingSession } from '../session/reconnecting-session.ts';
import type { Context } from '../show/context.ts';
import type { AgentReport, StatusReport } from '../show/report.ts';
import { statusReports, storageReport } from '../show/status-report.ts';
import { type AgentTarget, connect, readTargets } from '../targets/connect.ts';
import { keepRenewed } from '../targets/renewal.ts';
import { RenewingConnection } from '../targets/renewing-connection.ts';
import { type Edge, jsonOption, type TargetFlags, toOption, wanted } from './flags.ts';

export function command(edge: Edge): Command {
  return new Command('status')
    .description('show what each module of each connected program runs')
    .addOption(toOption())
    .option('--watch', 'go on, and show it anew at each change, until Ctrl-C', false)
    .addOption(jsonOption())
    .action((flags: TargetFlags & { watch: boolean }) =>
      edge.run('status', flags, async (context) =>
        forEach(await readTargets(wanted(flags, edge).to, context), context, (target, own) =>
          flags.watch ? follow(target, own) : once(target, own),
        ),
      ),
    );
}

/** What each module of each connected program runs now. */
async function once(target: AgentTarget, { output, ...context }: Context): Promise<number> {
  const client = await connect(target, { output, ...context });
  try {
    for (const report of reportsOf(await client.getStatus(false), target, true)) output.show(report);
    return 0;
  } finally {
    client.close();
  }
}

/** The same at each change. An agent that goes away is waited for. */
async function follow(target: AgentTarget, context: Context): Promise<number> {
  const { output, signal } = context;
  const connection = new RenewingConnection(await connect(target, context));
  const stopRenewing = keepRenewed(target, context, (next) => connection.replace(next));
  let shown = '';
  let looking = Promise.resolve();
  const look = async (): Promise<void> => {
    const reports = reportsOf(await connection.current.getStatus(false), target, false);
    const text = JSON.stringify(
      reports.map((report) => (report.event === 'agent' ? { ...report, storage: 0 } : report)),
    );
    if (text === shown || signal.aborted) return; // Something else changed, such as free space.
    shown = text;
    context.clear();
    for (const report of reports) output.show(report);
    output.flush();
  };
  try {
    const session = await ReconnectingSession.open({
      open: () => PushSession.open(connection.current, target.address, signal),
      ...{ address: target.address, lost: 'disconnected', signal },
      show: (report) => output.show(report),
    });
    const lookAgain = (): void => {
      looking = looking.then(look).catch(() => undefined); // The session says that it is away.
    };
    session.onState(lookAgain);
    lookAgain();
    await session.ended;
    await looking;
    return 0;
  } catch (thrown) {
    if (signal.aborted) return 0;
    throw thrown;
  } finally {
    stopRenewing();
    connection.close();
  }
}

/** @param must whether a program that was named has to be there */
function reportsOf(
  answer: GetStatusResponse__Output,
  target: AgentTarget,
  must: boolean,
): (AgentReport | StatusReport)[] {
  const { agentVersion, insecure, programs, awaited } = answer;
  const { address, program } = target;
  const rows = statusReports(answer).filter((row) => program === undefined || row.program === program);
  if (must && rows.length === 0 && program !== undefined) {
    if (awaited.includes(program)) throw restoring(program);
    throw new VaisError('no_such_program', `no program \`${program}\` is connected to the agent at ${address}`);
  }
  const storage = storageReport(answer);
  const agent = { event: 'agent' as const, address, agentVersion, insecure, programs: programs.length };
  return [{ ...agent, ...(storage === undefined ? {} : { storage }) }, ...rows];
}
