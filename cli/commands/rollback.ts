import { Command } from 'commander';
import { forEach } from '../push/fan-out.ts';
import { rollBack } from '../push/rollback.ts';
import { type Context, interruptedExit } from '../show/context.ts';
import { type AgentTarget, connect, readTargets } from '../targets/connect.ts';
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
      const { to, module = '' } = wanted(flags, edge);
      const options = { module, version: number ?? 0, timeoutMs: flags.timeout * 1000 };
      return edge.run('rollback', flags, async (context) =>
        forEach(await readTargets(to, context), context, (target, own) => run(target, options, own)),
      );
    });
}

interface RollbackOptions {
  readonly module: string;
  readonly version: number;
  /** How long the program may take to swap, in milliseconds. */
  readonly timeoutMs: number;
}

async function run(target: AgentTarget, options: RollbackOptions, context: Context): Promise<number> {
  const { output, signal } = context;
  const { module, version: number, timeoutMs } = options;
  const client = await connect(target, context);
  try {
    const asked = { program: target.program ?? '', module, version: number };
    const outcome = await rollBack(asked, client, { output, timeoutMs, push: 1 }, signal);
    if (signal.aborted) return interruptedExit;
    output.show(outcome);
    return outcome.event === 'error' ? outcome.exit : 0;
  } finally {
    client.close();
  }
}
