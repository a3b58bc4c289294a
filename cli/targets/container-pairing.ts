import { VaisError } from '../../common/error.ts';
import type { Target } from '../../rpc/address.ts';
import { type PairingToken, parseToken } from '../../rpc/token.ts';
import { commandFailed } from '../docker/dial.ts';
import { connectEngines } from '../docker/engines.ts';
import { type Found, findContainers } from '../docker/find.ts';
import type { InsideAgent } from '../docker/inside.ts';
import { parseContainerTarget } from '../docker/query.ts';
import { openTunnel } from '../docker/tunnel.ts';
import type { Context } from '../show/context.ts';
import { pairWithToken } from './pairing.ts';
import { configFolder, type PairedTarget, TargetStore } from './store.ts';
import { targetReport } from './target-report.ts';

/** How long a container may take to run a command, in milliseconds. */
const commandMs = 30_000;

/** What a paired container is kept under: a container of the same name that is recreated is another one. */
export function pairedName({ details }: Found): string {
  return `docker:${details.Id.slice(0, 12)}`;
}

/**
 * Pairs with the agent in a container. Whoever can run commands in a container can have a token from its agent, so nobody is
 * asked: the token comes through the engine, and with it the fingerprint by which the agent is known from then on.
 *
 * @throws VaisError `unreachable` when no agent runs there, or one without TLS
 */
export async function pairThrough(
  found: Found,
  agent: InsideAgent,
  target: Target,
  developer: string,
  config: string,
): Promise<PairedTarget> {
  const token = await fetchToken(found, agent);
  const store = new TargetStore(config);
  const paired = await pairWithToken(token, target, { developer, nameFor: () => pairedName(found) }, config);
  // Of containers that had this name before and are gone.
  for (const { name, address } of await store.list())
    if (address === paired.address && name !== paired.name && name.startsWith('docker:')) await store.remove(name);
  return paired;
}

async function fetchToken(found: Found, agent: InsideAgent): Promise<PairingToken> {
  const words = [...agent.command, 'agent', 'token', '--data', agent.data, '--json'];
  const { code, stdout, stderr } = await found.engine.run(found.details.Id, { words }, commandMs);
  try {
    const said = JSON.parse(stdout) as { token?: unknown; message?: unknown };
    if (code === 0 && typeof said.token === 'string') return parseToken(said.token);
    if (typeof said.message === 'string')
      throw new VaisError('unreachable', `${found.name}: ${said.message}`, {
        hint: `See why: ${found.engine.command} logs ${found.name}`,
      });
  } catch (thrown) {
    if (thrown instanceof VaisError) throw thrown;
  }
  throw commandFailed(found, 'its agent gave no token', stderr + stdout);
}

/** `pair docker://…`: with each container that is meant, also where it is paired already. */
export async function pairContainers(text: string, developer: string, context: Context): Promise<number> {
  const engines = await connectEngines(context.env);
  const config = configFolder(context.env);
  for (const found of await findContainers(parseContainerTarget(text), engines)) {
    const way = await openTunnel(found, config, context.say);
    try {
      const target = { address: `docker://${found.name}`, host: '', port: 0, dial: way.dial };
      const paired = await pairThrough(found, way.agent, target, developer, config);
      context.output.show(targetReport('paired', paired));
    } finally {
      way.close();
    }
  }
  return 0;
}
