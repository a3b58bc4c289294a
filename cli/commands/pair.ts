import { Command } from 'commander';
import { isName, validateName } from '../../artifact/contract/name.ts';
import { VaisError } from '../../common/error.ts';
import { parseTarget } from '../../rpc/address.ts';
import { parseToken } from '../../rpc/token.ts';
import { isContainerTarget } from '../docker/query.ts';
import type { Context } from '../show/context.ts';
import { pairWithToken, whoAmI } from '../targets/pairing.ts';
import { configFolder, TargetStore } from '../targets/store.ts';
import { targetReport } from '../targets/target-report.ts';
import { type CommonFlags, type Edge, jsonOption } from './flags.ts';
export function command({ run }: Edge): Command {
  return new Command('pair')
    .description('pair with an agent, and name it for --to')
    .argument(
      '[token]',
      'docker://NAME; or what the agent printed, which is better given to the prompt or on standard input',
    )
    .option('--as <name>', 'what to call the agent (default: what it calls itself)')
    .option('--developer <name>', 'what the agent shall call you (default: user@host)')
    .option('--at <host:port>', 'where the agent is, if the token does not say it right')
    .addOption(jsonOption())
    .action((token: string | undefined, flags: CommonFlags & PairOptions) =>
      run('pair', flags, (context) => pair(token, flags, context)),
    );
}

export interface PairOptions {
  /** What the target is called from now on; undefined: what the agent calls itself. */
  readonly as?: string;
  /** What this developer is called there; undefined: `user@host`. */
  readonly developer?: string;
  /** Where the agent is, when the token does not know that. */
  readonly at?: string;
}

/** `pair TOKEN`: from a token to a certificate, and a target with a name. `pair docker://…` fetches the token itself. */
async function pair(given: string | undefined, options: PairOptions, context: Context): Promise<number> {
  const text = given ?? (await context.secret('Token: '));
  if (text === '')
    throw new VaisError('usage', 'no token was given', {
      hint: 'Run `vais-remote pair` and paste what the agent printed, or write docker://NAME.',
    });
  const developer = validateName('developer', options.developer ?? whoAmI());
  if (isContainerTarget(text)) {
    if (options.as !== undefined || options.at !== undefined)
      throw new VaisError('usage', '--as and --at are for tokens: a container is called by its own name');
    return (await import('../targets/container-pairing.ts')).pairContainers(text, developer, context);
  }
  const token = parseToken(text);
  if (given !== undefined)
    context.say(
      'a token on the command line can be read by every user of this machine; next time, give it to the prompt',
    );
  const target = parseTarget(options.at ?? token.address);
  if (options.as !== undefined) requireTargetName(options.as);
  const config = configFolder(context.env);
  const store = new TargetStore(config);
  const nameFor = async (agentName: string, agentId: string): Promise<string> =>
    options.as ?? (await freeName(agentName, agentId, store));
  const paired = await pairWithToken(token, target, { developer, nameFor }, config);
  context.output.show(targetReport('paired', paired));
  return 0;
}

/** A name for a target is not an address, and has no program in it. @throws VaisError `usage` */
function requireTargetName(name: string): void {
  validateName('target', name);
  if (name.includes(',')) throw new VaisError('usage', `${name} has a comma, which parts targets in --to`);
  if (!/:\d+$/.test(name)) return;
  throw new VaisError('usage', `${name} looks like an address, and a target's name must not`, {
    hint: 'For example: box.',
  });
}

/** What the agent calls itself, unless another agent has that name here. */
async function freeName(proposed: string, agentId: string, store: TargetStore): Promise<string> {
  const fallback = `agent-${agentId.slice(0, 8)}`;
  if (!isName(proposed) || /[:,\s]/.test(proposed)) return fallback;
  const there = await store.find(proposed);
  return there === undefined || there.agentId === agentId ? proposed : fallback;
}
