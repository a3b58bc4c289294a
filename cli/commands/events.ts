import { Command } from 'commander';
import { VaisError } from '../../common/error.ts';
import type { Context } from '../show/context.ts';
import { stageReport } from '../show/stage-report.ts';
import { connect, readTarget } from '../targets/connect.ts';
import { type Edge, jsonOption, type TargetFlags, toOption, wanted } from './flags.ts';
export function command(edge: Edge): Command {
  return new Command('events')
    .description('show what happens to all pushes from now on, until Ctrl-C')
    .addOption(toOption())
    .addOption(jsonOption())
    .action((flags: TargetFlags) => edge.run('events', flags, (context) => events(wanted(flags, edge), context)));
}

/** `events`: what happens to all pushes from now on, whoever makes them, until Ctrl-C. */
async function events(options: { readonly to?: string }, context: Context): Promise<number> {
  const target = await readTarget(options.to, context);
  const client = await connect(target, context);
  try {
    await client.connect();
    context.output.show({ event: 'listening', address: target.address });
    for await (const { event, warning } of client.watchEvents(context.signal)) {
      if (warning !== null) {
        const { message, atUnixMs } = warning;
        context.output.show({ event: 'warning', message, at: new Date(atUnixMs).toISOString() });
      }
      if (event === null) continue;
      if (target.program !== undefined && event.program !== target.program) continue;
      const report = stageReport(event, event.elapsedUs / 1000);
      if (report !== undefined) context.output.show({ ...report, at: new Date(event.atUnixMs).toISOString() });
    }
    if (context.signal.aborted) return 0;
    throw new VaisError('unreachable', `the agent at ${target.address} has stopped`);
  } finally {
    client.close();
  }
}
