import { Command, Option } from 'commander';
import { originName, outcomeName, tierName } from '../../rpc/names.ts';
import { fromFailure } from '../../rpc/status.ts';
import type { Context } from '../show/context.ts';
import { connect, readTarget } from '../targets/connect.ts';
import { type Edge, jsonOption, moduleOption, type TargetFlags, toOption, wanted, whole } from './flags.ts';
export function command(edge: Edge): Command {
  const lineage = new Option('--lineage <n>', 'an older lineage: 1 for the build of the program before, and so on');
  return new Command('history')
    .description('show the versions that a module had, and the pushes that failed')
    .addOption(toOption())
    .addOption(moduleOption())
    .addOption(lineage.argParser(whole).default(0, '0'))
    .addOption(jsonOption())
    .action((flags: TargetFlags & { module?: string; lineage: number }) =>
      edge.run('history', flags, (context) => history({ ...wanted(flags, edge), lineage: flags.lineage }, context)),
    );
}

/** `history`: the versions that a module had, and the pushes that became none. */
async function history(
  options: { readonly to?: string; readonly module?: string; readonly lineage: number },
  context: Context,
): Promise<number> {
  const target = await readTarget(options.to, context);
  const client = await connect(target, context);
  try {
    const { program, module, entries, lines } = await client.listHistory(
      target.program ?? '',
      options.module ?? '',
      options.lineage,
    );
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
        ...(entry.developer === '' ? {} : { developer: entry.developer }),
        ...(entry.reason === null ? {} : { reason: fromFailure(entry.reason).toJSON() }),
      });
    }
    context.output.flush();
    const older = lines - 1 - options.lineage;
    if (older > 0) context.output.show({ event: 'older', program, module, lineages: older });
    return 0;
  } finally {
    client.close();
  }
}
