import { Command } from 'commander';
import { VaisError } from '../../common/error.ts';
import { within } from '../../common/within.ts';
import { type Attached, type AttachWish, attach as attachTo } from '../docker/attach.ts';
import { AttachedStore } from '../docker/attached-store.ts';
import { forEach } from '../push/fan-out.ts';
import { PushSession } from '../session/push-session.ts';
import type { Context } from '../show/context.ts';
import { type AgentTarget, Connection } from '../targets/connect.ts';
import { containerOf, containers, pairAnew } from '../targets/container-target.ts';
import { configFolder } from '../targets/store.ts';
import { type CommonFlags, type Edge, jsonOption } from './flags.ts';
export function command({ run }: Edge): Command {
  return new Command('attach')
    .description('put an agent into a running container; it needs no Node, no shell and no root there')
    .argument('<container>', 'docker://NAME: one that runs and has no agent')
    .option('--program <name[=command]>', 'a program to find there; with a command, one to start and keep running')
    .addOption(jsonOption())
    .action((container: string, flags: CommonFlags & AttachWish) =>
      run('attach', flags, (context) => attach(container, flags, context)),
    );
}

/** How long a program may take to find the agent, in milliseconds: it looks again and again, later each time. */
const findMs = 20_000;

/** `attach docker://…`: puts an agent into each container that is meant, and waits for its program. */
async function attach(text: string, wish: AttachWish, context: Context): Promise<number> {
  return forEach(await containers(text, context), context, async (target, own) => {
    const found = containerOf(target);
    const attached = await attachTo(found, wish);
    await new AttachedStore(configFolder(own.env)).save(found.details.Id, wish);
    const programs = await awaitPrograms(target, attached, wish, own);
    const { installed } = attached;
    own.output.show({
      event: 'attached',
      container: target.address,
      isNew: installed !== undefined,
      ...(installed === undefined ? {} : { node: describe(installed), folder: installed.top }),
      programs,
      ...(programs.length > 0 ? {} : { hint: hintFor(attached) }),
    });
    return 0;
  });
}

/** The programs that have found the agent; waits for the one that was named, and a moment for any. */
async function awaitPrograms(
  target: AgentTarget,
  attached: Attached,
  { program }: AttachWish,
  context: Context,
): Promise<string[]> {
  const name = program?.split('=')[0];
  const opened = await pairAnew(containerOf(target), target, attached.agent, context);
  const client = new Connection(opened, undefined, opened.close);
  try {
    const session = await PushSession.open(client, target.address, context.signal);
    const names = (): string[] => session.state.programs.map((each) => each.name);
    const isThere = (): boolean => (name === undefined ? names().length > 0 : names().includes(name));
    const there = new Promise<void>((resolve) => {
      session.onState(() => isThere() && resolve());
      if (isThere()) resolve();
    });
    const late = new VaisError(
      'no_such_program',
      `${target.address} has an agent now, and no program \`${name}\` has found it within ${findMs / 1000} s` +
        (names().length === 0 ? '' : ` (there is ${names().join(', ')})`),
      { hint: hintFor(attached) },
    );
    await within(findMs, there, () => late).catch((error: unknown) => {
      if (name !== undefined || error !== late) throw error;
    });
    session.close();
    return [...new Set(names())];
  } finally {
    client.close();
  }
}

function hintFor({ warnings }: Attached): string {
  const said = warnings.filter((message) => message.startsWith('programs find this agent only'));
  if (said.length > 0)
    return `${said.join(' ')}. A tmpfs at /tmp, or VAIS_HOT_LINK set to that for the program, fixes it.`;
  return 'Does the program have hot functions, and does it run as the user of the container? --program NAME=COMMAND starts one.';
}

function describe({ runner }: NonNullable<Attached['installed']>): string {
  return runner.kind === 'theirs'
    ? `run by its Node ${runner.version}`
    : `with this machine’s Node, as it ${runner.why}`;
}
