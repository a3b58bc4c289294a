import { Command } from 'commander';
import { VaisError } from '../../common/error.ts';
import type { Context } from '../show/context.ts';
import { configFolder, TargetStore } from '../targets/store.ts';
import { targetReport } from '../targets/target-report.ts';
import { type CommonFlags, type Edge, jsonOption } from './flags.ts';
export function command({ run }: Edge): Command {
  return new Command('targets')
    .description('list the agents that you are paired with, and the containers that have one')
    .option('--forget <name>', 'remove this one from the list; the agent keeps you until you are revoked there')
    .addOption(jsonOption())
    .action((flags: CommonFlags & { forget?: string }) => run('targets', flags, (context) => targets(flags, context)));
}

/** `targets`: the agents that this developer is paired with, and the containers that have one; `--forget NAME` removes one from the list. */
async function targets(options: { readonly forget?: string }, context: Context): Promise<number> {
  const store = new TargetStore(configFolder(context.env));
  if (options.forget === undefined) {
    for (const target of await store.list()) context.output.show(targetReport('target', target));
    await showContainers(context);
    return 0;
  }
  const target = await store.find(options.forget);
  if (target === undefined)
    throw new VaisError('usage', `no target is called ${options.forget}`, { hint: 'See `vais-remote targets`.' });
  await store.remove(target.name);
  context.output.show(targetReport('forgotten', target));
  return 0;
}

/** Where no engine runs there is nothing to say, unless one was set. */
async function showContainers({ env, output }: Context): Promise<void> {
  const { discover } = await import('../docker/discover.ts');
  try {
    for (const container of await discover(env)) output.show(container);
  } catch (thrown) {
    if (env['DOCKER_HOST'] || env['DOCKER_CONTEXT'] || VaisError.from(thrown).code !== 'unreachable') throw thrown;
  }
}
