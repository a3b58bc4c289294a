import { VaisError } from '../../common/error.ts';
import { isAddress, parseTarget, requireLoopback, type Target } from '../../rpc/address.ts';
import { makeRequest } from '../../rpc/certificate.ts';
import { AgentClient } from '../../rpc/client.ts';
import { type ClientIdentity, secureChannel } from '../../rpc/credentials.ts';
import { askToRenew } from '../../rpc/trust-client.ts';
import type { Found } from '../docker/find.ts';
import { isContainerTarget } from '../docker/query.ts';
import type { Context } from '../show/context.ts';
import { openSigningKey, Signer } from './signer.ts';
import { configFolder, type PairedTarget, TargetStore, validityOf } from './store.ts';

/** Where a command goes: an agent that was paired, or one on this machine that is not protected. */
export interface AgentTarget extends Target {
  readonly paired?: PairedTarget;
  /** Where it is the agent in a container. */
  readonly container?: Found;
}

/** A connection to an agent, with what signs for it; without that where the agent is not protected. */
export class Connection extends AgentClient {
  readonly signer: Signer | undefined;
  readonly paired: PairedTarget | undefined;
  readonly #onClose: () => void;

  constructor(target: AgentTarget, signer: Signer | undefined, onClose: () => void = () => undefined) {
    super(target, target.paired === undefined ? undefined : secureChannel(identityOf(target.paired)));
    this.signer = signer;
    this.paired = target.paired;
    this.#onClose = onClose;
  }

  override close(): void {
    super.close();
    this.#onClose();
  }
}

/**
 * Reads `--to` where it has to be one agent: see `readTargets`.
 *
 * @throws VaisError as `readTargets`, and `usage` when it means several
 */
export async function readTarget(to: string | undefined, context: Context): Promise<AgentTarget> {
  const [first, ...rest] = await readTargets(to, context);
  if (rest.length === 0) return first;
  const all = [first, ...rest].map(({ address }) => address);
  throw new VaisError('usage', `${to} is ${all.length} targets, and this command takes one: ${all.join(', ')}`, {
    hint: `Name one: --to ${all[0]}.`,
  });
}

/**
 * Reads `--to`: names of paired targets, addresses, or containers, with commas between them; each with `/PROGRAM` behind it
 * or not. One that is meant twice is one.
 *
 * @throws VaisError `usage` when there is none, or no target has that name; `not_authorized` for an address elsewhere
 * that was not paired; `key_exposed`; `unreachable` where no such container, or no engine, is found
 */
export async function readTargets(
  to: string | undefined,
  context: Context,
): Promise<readonly [AgentTarget, ...AgentTarget[]]> {
  const found = new Map<string, AgentTarget>();
  for (const one of (to ?? '').split(','))
    for (const target of await readSome(one.trim(), context))
      found.set(`${target.address}/${target.program ?? ''}`, target);
  const [first, ...rest] = found.values();
  if (first === undefined) throw new Error('each part of --to is a target at least');
  return [first, ...rest];
}

async function readSome(to: string, context: Context): Promise<readonly AgentTarget[]> {
  if (!isContainerTarget(to)) return [await readOne(to, context)];
  const { containerTargets } = await import('./container-target.ts');
  return containerTargets(to, context);
}

async function readOne(to: string, { env }: Context): Promise<AgentTarget> {
  if (to === '') {
    throw new VaisError('usage', 'no target: where should this go?', {
      hint: 'Give --to NAME, --to HOST:PORT or --to docker://NAME, and /PROGRAM behind it or not; or set VAIS_REMOTE_TO.',
    });
  }
  const store = new TargetStore(configFolder(env));
  if (isAddress(to)) {
    const target = parseTarget(to);
    const paired = await store.at(target.address);
    if (paired !== undefined) return { ...target, paired };
    requireLoopback(target);
    return target;
  }
  const slash = to.indexOf('/');
  const [name, program] = slash < 0 ? [to, undefined] : [to.slice(0, slash), to.slice(slash + 1)];
  const paired = await store.find(name);
  if (paired === undefined) {
    const names = (await store.list()).map((target) => target.name);
    throw new VaisError('usage', `no target is called ${name}; paired: ${names.join(', ') || 'none'}`, {
      hint: 'Pair with it: `vais-remote pair TOKEN --as NAME`. An address is written HOST:PORT.',
    });
  }
  return { ...parseTarget(paired.address), paired, ...(program === undefined ? {} : { program }) };
}

/**
 * Connects. Says so where the connection is plain text; renews the certificate where two thirds of its time are over. The
 * caller closes the connection.
 *
 * @throws VaisError `certificate_expired`, `certificate_too_early`, `key_exposed`
 */
export async function connect(target: AgentTarget, context: Context): Promise<Connection> {
  if (target.container !== undefined) {
    const { openContainer } = await import('./container-target.ts');
    const { close, ...opened } = await openContainer(target.container, target, context);
    try {
      return await connectPaired(opened, context, close);
    } catch (thrown) {
      close();
      throw thrown;
    }
  }
  if (target.paired !== undefined) return connectPaired({ ...target, paired: target.paired }, context);
  context.say(
    `insecure: the connection to ${target.address} is plain text without authentication, on this machine only`,
  );
  return new Connection(target, undefined);
}

async function connectPaired(
  target: AgentTarget & { readonly paired: PairedTarget },
  context: Context,
  onClose?: () => void,
): Promise<Connection> {
  const config = configFolder(context.env);
  const paired = await renewed(target, target.paired, new TargetStore(config), context);
  return new Connection({ ...target, paired }, new Signer(await openSigningKey(config), paired.agentId), onClose);
}

/** When the certificate of a target is to be renewed: when two thirds of its time are over. Milliseconds since 1970. */
export function renewalDue(paired: PairedTarget): number {
  const { from, until } = validityOf(paired);
  return from + ((until - from) * 2) / 3;
}

async function renewed(
  target: Target,
  paired: PairedTarget,
  store: TargetStore,
  { say }: Context,
): Promise<PairedTarget> {
  const { from, until } = validityOf(paired);
  const now = Date.now();
  const here = `this machine’s clock says ${new Date(now).toISOString()}`;
  if (now >= until)
    throw new VaisError(
      'certificate_expired',
      `the certificate for ${paired.name} has expired: it held until ${new Date(until).toISOString()}, and ${here}`,
    );
  if (now < from)
    throw new VaisError(
      'certificate_too_early',
      `the certificate for ${paired.name} does not hold before ${new Date(from).toISOString()}, and ${here}`,
    );
  if (now < renewalDue(paired)) return paired;
  try {
    const { key, request } = await makeRequest();
    const next = { ...paired, key, certificate: await askToRenew(target, identityOf(paired), request) };
    await store.save(next);
    return next;
  } catch (thrown) {
    const { code, message } = VaisError.from(thrown);
    if (code !== 'unreachable') say(`the certificate for ${paired.name} could not be renewed: ${message}`);
    return paired; // It still holds.
  }
}

function identityOf({ agentId, authority, key, certificate }: PairedTarget): ClientIdentity {
  return { agentId, authority, own: { key, certificate } };
}
