import { Command } from 'commander';
import { restoring, VaisError } from '../../common/error.ts';
import type { Context } from '../show/context.ts';
import { statusReports, storageReport } from '../show/status-report.ts';
import { connect, readTarget } from '../targets/connect.ts';
import { type Edge, jsonOption, type TargetFlags, toOption, wanted } from './flags.ts';
export function command(edge: Edge): Command {
  return new Command('status')
    .description('show what each module of each connected program runs')
    .addOption(toOption())
    .addOption(jsonOption())
    .action((flags: TargetFlags) => edge.run('status', flags, (context) => status(wanted(flags, edge), context)));
}

/** `status`: what each module of each connected program runs. */
async function status(options: { readonly to?: string }, context: Context): Promise<number> {
  const target = await readTarget(options.to, context);
  const client = await connect(target, context);
  try {
    const answer = await client.getStatus(false);
    const { agentVersion, insecure, programs, awaited } = answer;
    const rows = statusReports(answer).filter(
      ({ program }) => target.program === undefined || program === target.program,
    );
    if (rows.length === 0 && target.program !== undefined) {
      if (awaited.includes(target.program)) throw restoring(target.program);
      throw new VaisError(
        'no_such_program',
        `no program \`${target.program}\` is connected to the agent at ${target.address}`,
      );
    }
    const storage = storageReport(answer);
    const { address } = target;
    context.output.show({
      ...{ event: 'agent', address, agentVersion, insecure, programs: programs.length },
      ...(storage === undefined ? {} : { storage }),
    });
    for (const row of rows) context.output.show(row);
    return 0;
  } finally {
    client.close();
  }
}
