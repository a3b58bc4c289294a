import { isName, validateName } from '../../artifact/contract/name.ts';
import { VaisError } from '../../common/error.ts';
import { parseTarget } from '../../rpc/address.ts';
import { parseToken } from '../../rpc/token.ts';
import { isContainerTarget } from '../docker/query.ts';
import type { Context } from '../show/context.ts';
import type { TargetReport } from '../show/report.ts';
import { pairWithToken, whoAmI } from '../targets/pairing.ts';
import { configFolder, type PairedTarget, TargetStore, validityOf } from '../targets/store.ts';

export interface PairOptions {
  /** What the target is called from now on; undefined: what the agent calls itself. */
  readonly as?: string;
  /** What this developer is called there; undefined: `user@host`. */
  readonly developer?: string;
  /** Where the agent is, when the token does not know that. */
  readonly at?: string;
}

/** `pair TOKEN`: from a token to a certificate, and a target with a name. `pair docker://…` fetches the token itself. */
export async function pair(text: string, options: PairOptions, context: Context): Promise<number> {
  if (isContainerTarget(text)) return (await import('../docker/pair.ts')).pairContainers(text, options, context);
  const token = parseToken(text);
  const target = parseTarget(options.at ?? token.address);
  if (options.as !== undefined) requireTargetName(options.as);
  const developer = validateName('developer', options.developer ?? whoAmI());
  const config = configFolder(context.env);
  const store = new TargetStore(config);
  const nameFor = async (agentName: string, agentId: string): Promise<string> =>
    options.as ?? (await freeName(agentName, agentId, store));
  const paired = await pairWithToken(token, target, { developer, nameFor }, config);
  context.output.show(targetReport('paired', paired));
  return 0;
}

/** A target as a report. */
export function targetReport(event: TargetReport['event'], target: PairedTarget): TargetReport {
  const { name, address, agentId, developer, programs } = target;
  const until = new Date(validityOf(target).until).toISOString();
  return { event, name, address, agentId, developer, allowed: programs, until };
}

/** A name for a target is not an address, and has no program in it. @throws VaisError `usage` */
function requireTargetName(name: string): void {
  validateName('target', name);
  if (!/:\d+$/.test(name)) return;
  throw new VaisError('usage', `${name} looks like an address, and a target's name must not`, {
    hint: 'Call it box, or the like.',
  });
}

/** What the agent calls itself, unless another agent has that name here. */
async function freeName(proposed: string, agentId: string, store: TargetStore): Promise<string> {
  const fallback = `agent-${agentId.slice(0, 8)}`;
  if (!isName(proposed) || /[:\s]/.test(proposed)) return fallback;
  const there = await store.find(proposed);
  return there === undefined || there.agentId === agentId ? proposed : fallback;
}
