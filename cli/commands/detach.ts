import { Command } from 'commander';
import { AttachedStore } from '../docker/attached-store.ts';
import { detach as detachFrom } from '../docker/detach.ts';
import { forEach } from '../push/fan-out.ts';
import type { Context } from '../show/context.ts';
import { containerOf, containers } from '../targets/container-target.ts';
import { configFolder } from '../targets/store.ts';
import { type CommonFlags, type Edge, jsonOption } from './flags.ts';

export function command({ run }: Edge): Command {
  return new Command('detach')
    .description('take an attached agent out of its container, and leave nothing behind')
    .argument('<container>', 'docker://NAME')
    .addOption(jsonOption())
    .action((container: string, flags: CommonFlags) => run('detach', flags, (context) => detach(container, context)));
}

/** `detach docker://…`: takes out what `attach` put in. */
async function detach(text: string, context: Context): Promise<number> {
  return forEach(await containers(text, context), context, async (target, own) => {
    const found = containerOf(target);
    const { top } = await detachFrom(found);
    await new AttachedStore(configFolder(own.env)).remove(found.details.Id);
    own.output.show({ event: 'detached', container: target.address, ...(top === undefined ? {} : { folder: top }) });
    return 0;
  });
}
