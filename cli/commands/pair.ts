import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { pairingStatement, signStatement, spkiOf } from '../../artifact/act.ts';
import { isName, validateName } from '../../artifact/name.ts';
import { VaisError } from '../../common/error.ts';
import { parseTarget } from '../../rpc/address.ts';
import { makeRequest } from '../../rpc/certificate.ts';
import { greet } from '../../rpc/greet.ts';
import { parseToken } from '../../rpc/token.ts';
import { askToPair } from '../../rpc/trust-client.ts';
import type { Context } from '../context.ts';
import type { TargetReport } from '../report.ts';
import { openSigningKey } from '../signer.ts';
import { configFolder, type PairedTarget, TargetStore, validityOf } from '../targets.ts';

export interface PairOptions {
  /** What the target is called from now on; undefined: what the agent calls itself. */
  readonly as?: string;
  /** What this developer is called there; undefined: `user@host`. */
  readonly developer?: string;
  /** Where the agent is, when the token does not know that. */
  readonly at?: string;
}

/** `pair TOKEN`: from a token to a certificate, and a target with a name. */
export async function pair(text: string, options: PairOptions, context: Context): Promise<number> {
  const token = parseToken(text);
  const target = parseTarget(options.at ?? token.address);
  if (options.as !== undefined) requireTargetName(options.as);
  const developer = validateName('developer', options.developer ?? whoAmI());
  const config = configFolder(context.env);
  const signingKey = await openSigningKey(config);
  const store = new TargetStore(config);

  // Nothing secret is sent before it is clear that this is the agent that gave the token.
  const { agentId, authority, fingerprint } = await greet(target);
  if (!fingerprint.equals(token.fingerprint))
    throw new VaisError(
      'identity_changed',
      `what listens at ${target.address} is not the agent that gave this token: its fingerprint is ` +
        `${fingerprint.toString('hex').slice(0, 16)}…, and the token’s is ${token.fingerprint.toString('hex').slice(0, 16)}…`,
      { hint: 'The token was not sent. Is the address right? If it is, somebody stands between you and the agent.' },
    );

  const { key, request } = await makeRequest();
  const digest = createHash('sha256').update(request).digest('hex');
  const proof = signStatement(pairingStatement(fingerprint.toString('hex'), digest, developer), signingKey);
  const answer = await askToPair(
    target,
    { agentId, authority },
    { secret: token.secret, certificateRequest: request, signingKey: spkiOf(signingKey), developer, proof },
  );
  const name = options.as ?? (await freeName(answer.agentName, agentId, store));
  const { certificate } = answer;
  if (!fits(certificate, key))
    throw new VaisError('internal', 'the agent gave a certificate that does not fit its request');
  const paired: PairedTarget = {
    format: 1,
    name,
    address: target.address,
    agentId,
    authority,
    certificate,
    key,
    developer: isName(answer.developer) ? answer.developer : developer,
    programs: answer.programs.filter(isName),
  };
  await store.save(paired);
  context.output.show(targetReport('paired', paired));
  return 0;
}

/** A target as a report. */
export function targetReport(event: TargetReport['event'], target: PairedTarget): TargetReport {
  const { name, address, agentId, developer, programs } = target;
  const until = new Date(validityOf(target).until).toISOString();
  return { event, name, address, agentId, developer, allowed: programs, until };
}

function fits(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
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

function whoAmI(): string {
  const name = `${userInfo().username}@${hostname()}`;
  return isName(name) ? name : 'developer';
}
