import { Command, Option } from 'commander';
import { originName, outcomeName, tierName } from '../../rpc/names.ts';
import { fromFailure } from '../../rpc/status.ts';
import { forEach } from '../push/fan-out.ts';
import type { Context } from '../show/context.ts';
import { type AgentTarget, connect, readTargets } from '../targets/connect.ts';
import { type Edge, jsonOption, moduleOption, type TargetFlags, toOption, wanted, whole } from './flags.ts';

export function command(edge: Edge): Command {
  const lineage = new Option('--lineage <n>', 'an older lineage: 1 for the build of the program before, and so on');
  return new Command('history')
    .description('show the versions that a module had, and the pushes that failed')
    .addOption(toOption())
    .addOption(moduleOption())
    .addOption(lineage.argParser(whole).default(0, '0'))
    .addOption(new Option('--limit <n>', 'only so many, the newest').argParser(whole))
    .addOption(jsonOption())
    .action((flags: TargetFlags & Wish) =>
      edge.run('history', flags, async (context) =>
        forEach(await readTargets(wanted(flags, edge).to, context), context, (target, own) =>
          history(target, flags, own),
        ),
      ),
    );
}

interface Wish {
  readonly module?: string;
  readonly lineage: number;
  readonly limit?: number;
}

/** The versions that a module had, and the pushes that became none. */
async function history(target: AgentTarget, wish: Wish, context: Context): Promise<number> {
  const { module: wantedModule = '', lineage, limit } = wish;
  const client = await connect(target, context);
  try {
    const answer = await client.listHistory(target.program ?? '', wantedModule, lineage);
    const { program, module, lines } = answer;
    const entries = limit === undefined ? answer.entries : limit === 0 ? [] : answer.entries.slice(-limit);
    for (const entry of entries) {
      const tier = tierName(entry.tier);
      context.output.show({
        event: 'version',
        program,
        module,
        version: entry.version,
        outcome: outcomeName(entry.outcome),
        origin: originName(entry.origin),
        desired: entry.desired,
        buildId: entry.buildId,
        digest: entry.digest,
        tier: tier === 'unspecified' ? '' : tier,
        at: new Date(entry.atUnixMs).toISOString(),
        ...(entry.fastDigest === '' ? {} : { fastDigest: entry.fastDigest }),
        ...(entry.together.length === 0 ? {} : { together: entry.together }),
        ...(entry.rollbackTo === 0 ? {} : { rollbackTo: entry.rollbackTo }),
        ...(entry.cleaned ? { cleaned: true } : {}),
        ...(entry.unchecked ? { unchecked: true } : {}),
        ...(entry.developer === '' ? {} : { developer: entry.developer }),
        ...(entry.reason === null ? {} : { reason: fromFailure(entry.reason).toJSON() }),
      });
    }
    context.output.flush();
    const older = lines - 1 - lineage;
    if (older > 0) context.output.show({ event: 'older', program, module, lineages: older });
    return 0;
  } finally {
    client.close();
  }
}
