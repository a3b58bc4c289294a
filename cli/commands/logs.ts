import { Command, Option } from 'commander';
import { VaisError } from '../../common/error.ts';
import { forEach } from '../push/fan-out.ts';
import { Backoff } from '../session/backoff.ts';
import type { Context } from '../show/context.ts';
import { type AgentTarget, connect, readTargets } from '../targets/connect.ts';
import { type Edge, jsonOption, type TargetFlags, toOption, wanted, whole } from './flags.ts';

export function command(edge: Edge): Command {
  const lines = new Option('--lines <n>', 'how many of the newest lines, up to 10000');
  return new Command('logs')
    .description('show what a program writes that the agent started (agent --run)')
    .argument('[program]', 'which, where the agent started several')
    .addOption(toOption())
    .addOption(lines.argParser(whole).default(100, '100'))
    .option('--no-follow', 'do not wait for what comes')
    .addOption(jsonOption())
    .action((program: string | undefined, flags: TargetFlags & LogFlags) =>
      edge.run('logs', flags, async (context) =>
        forEach(await readTargets(wanted(flags, edge).to, context), context, (target, own) =>
          logs(target, program ?? target.program ?? '', flags, own),
        ),
      ),
    );
}

interface LogFlags {
  readonly lines: number;
  readonly follow: boolean;
}

/** The newest lines and, until Ctrl-C, what comes. An agent that goes away is waited for. */
async function logs(target: AgentTarget, program: string, { lines, follow }: LogFlags, context: Context) {
  const { output, signal } = context;
  const { address } = target;
  const client = await connect(target, context);
  const backoff = new Backoff();
  let isAway = false;
  try {
    for (let more = lines, isHeard = false; ; ) {
      try {
        for await (const said of client.readLog({ program, lines: more, follow }, signal)) {
          backoff.reset();
          if (isAway) output.show({ event: 'connected', address });
          isAway = false;
          for (const text of said.lines) output.show({ event: 'log', program: said.program, text });
          isHeard = true;
          more = 0; // What was written while the agent was away is not shown twice, and not at all.
        }
        if (!follow || signal.aborted) return 0;
      } catch (thrown) {
        const error = VaisError.from(thrown);
        if (signal.aborted) return 0;
        if (!follow || error.code !== 'unreachable' || !isHeard) throw error;
        if (!isAway) output.show({ event: 'disconnected', address, message: error.message });
        isAway = true;
      }
      await backoff.pause(signal);
      if (signal.aborted) return 0;
    }
  } finally {
    client.close();
  }
}
