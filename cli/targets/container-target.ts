import { VaisError } from '../../common/error.ts';
import { connectEngines } from '../docker/engines.ts';
import { type Found, findContainers } from '../docker/find.ts';
import type { InsideAgent } from '../docker/inside.ts';
import { isContainerTarget, parseContainerTarget } from '../docker/query.ts';
import { openTunnel } from '../docker/tunnel.ts';
import type { Context } from '../show/context.ts';
import type { AgentTarget } from './connect.ts';
import { pairedName, pairThrough } from './container-pairing.ts';
import { whoAmI } from './pairing.ts';
import { configFolder, type PairedTarget, TargetStore } from './store.ts';

/** The containers of a `docker://` or `compose://` target. @throws VaisError `unreachable`, `usage` */
export async function containerTargets(
  text: string,
  { env }: Context,
): Promise<readonly [AgentTarget, ...AgentTarget[]]> {
  const target = parseContainerTarget(text);
  const found = await findContainers(target, await connectEngines(env));
  const as = (container: Found): AgentTarget => ({
    address: `docker://${container.name}`,
    host: '',
    port: 0,
    container,
    ...(target.program === undefined ? {} : { program: target.program }),
  });
  const [first, ...rest] = found.map(as);
  if (first === undefined) throw new Error('findContainers finds one at least');
  return [first, ...rest];
}

/**
 * Opens the way to the agent in a container, and pairs with it where that was not done yet.
 *
 * @throws VaisError `paused`, `unreachable`
 */
export async function openContainer(
  container: Found,
  target: AgentTarget,
  context: Context,
): Promise<AgentTarget & { readonly paired: PairedTarget; readonly close: () => void }> {
  const way = await openTunnel(container, configFolder(context.env), context.say);
  const close = (): void => way.close();
  try {
    const config = configFolder(context.env);
    const reached = { ...target, dial: way.dial };
    const known = await new TargetStore(config).find(pairedName(container));
    if (known !== undefined && !way.reattached) return { ...reached, paired: known, close };
    const paired = await pairThrough(container, way.agent, reached, whoAmI(), config);
    context.say(`paired with ${target.address} through the engine, as ${paired.developer}`);
    return { ...reached, paired, close };
  } catch (thrown) {
    close();
    throw way.failure ?? thrown;
  }
}

/** The same for an agent that was just attached: what was known of one before it does not count. @throws VaisError */
export async function pairAnew(
  container: Found,
  target: AgentTarget,
  agent: InsideAgent,
  context: Context,
): Promise<AgentTarget & { readonly paired: PairedTarget; readonly close: () => void }> {
  const way = await openTunnel(container, configFolder(context.env), context.say);
  const close = (): void => way.close();
  try {
    const reached = { ...target, dial: way.dial };
    const paired = await pairThrough(container, agent, reached, whoAmI(), configFolder(context.env));
    return { ...reached, paired, close };
  } catch (thrown) {
    close();
    throw way.failure ?? thrown;
  }
}

/** The containers that are meant, by a command that takes nothing else. @throws VaisError as `containerTargets` */
export function containers(text: string, context: Context): Promise<readonly [AgentTarget, ...AgentTarget[]]> {
  if (isContainerTarget(text)) return containerTargets(text, context);
  throw new VaisError('usage', `\`${text}\` is no container`, { hint: 'Write docker://NAME.' });
}

/** @throws VaisError `usage` where the target is none */
export function containerOf({ container, address }: AgentTarget): Found {
  if (container === undefined) throw new VaisError('usage', `${address} is no container`);
  return container;
}
