import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { pairingStatement, signStatement, spkiOf } from '../../artifact/act/act.ts';
import { isName } from '../../artifact/contract/name.ts';
import { VaisError } from '../../common/error.ts';
import type { Target } from '../../rpc/address.ts';
import { makeRequest } from '../../rpc/certificate.ts';
import { greet } from '../../rpc/greet.ts';
import type { PairingToken } from '../../rpc/token.ts';
import { askToPair } from '../../rpc/trust-client.ts';
import { openSigningKey } from './signer.ts';
import { type PairedTarget, TargetStore } from './store.ts';

/** Who pairs, and what the target shall be called. */
export interface PairingWish {
  readonly developer: string;
  /** Of what the agent calls itself, and its id. */
  readonly nameFor: (agentName: string, agentId: string) => Promise<string> | string;
}

/**
 * Becomes known to the agent that gave the token, and keeps what came of it under a name.
 *
 * @param config the developer's folder
 * @throws VaisError `identity_changed` when another than that agent answers, `token_refused`, `rate_limited`, `unreachable`
 */
export async function pairWithToken(
  token: PairingToken,
  target: Target,
  { developer, nameFor }: PairingWish,
  config: string,
): Promise<PairedTarget> {
  const signingKey = await openSigningKey(config);
  // Nothing secret is sent before it is clear that this is the agent that gave the token.
  const { agentId, authority, fingerprint } = await greet(target);
  if (!fingerprint.equals(token.fingerprint))
    throw new VaisError(
      'identity_changed',
      `what listens at ${target.address} is not the agent that gave this token: its fingerprint is ` +
        `${fingerprint.toString('hex').slice(0, 16)}…, and the token’s is ${token.fingerprint.toString('hex').slice(0, 16)}…`,
      { hint: 'The token was not sent. Is the address right? If it is, somebody may be intercepting the connection.' },
    );

  const { key, request } = await makeRequest();
  const digest = createHash('sha256').update(request).digest('hex');
  const proof = signStatement(pairingStatement(fingerprint.toString('hex'), digest, developer), signingKey);
  const answer = await askToPair(
    target,
    { agentId, authority },
    { secret: token.secret, certificateRequest: request, signingKey: spkiOf(signingKey), developer, proof },
  );
  const { certificate } = answer;
  if (!fits(certificate, key))
    throw new VaisError('internal', 'the agent gave a certificate that does not fit its request');
  const paired: PairedTarget = {
    format: 1,
    name: await nameFor(answer.agentName, agentId),
    address: target.address,
    agentId,
    authority,
    certificate,
    key,
    developer: isName(answer.developer) ? answer.developer : developer,
    programs: answer.programs.filter(isName),
  };
  await new TargetStore(config).save(paired);
  return paired;
}

/** What this developer is called unless told: `user@host`. */
export function whoAmI(): string {
  const name = `${userInfo().username}@${hostname()}`;
  return isName(name) ? name : 'developer';
}

function fits(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
