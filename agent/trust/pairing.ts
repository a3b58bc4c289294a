import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { isSigned, pairingStatement, readSigningKey } from '../../artifact/act/act.ts';
import { isName } from '../../artifact/contract/name.ts';
import { VaisError } from '../../common/error.ts';
import { answer } from '../../rpc/answer.ts';
import { issueClient, type Validity } from '../../rpc/certificate.ts';
import type { IdentityServiceHandlers } from '../../rpc/gen/vais/remote/v1/IdentityService.ts';
import type { PairRequest__Output } from '../../rpc/gen/vais/remote/v1/PairRequest.ts';
import type { PairResponse } from '../../rpc/gen/vais/remote/v1/PairResponse.ts';
import type { PairServiceHandlers } from '../../rpc/gen/vais/remote/v1/PairService.ts';
import { addressOf, type MemberOf } from '../../rpc/secure-server.ts';
import type { AuditLog } from './audit.ts';
import type { DeveloperStore } from './developers.ts';
import type { Identity } from './identity.ts';
import { Rate, Rates } from './rate.ts';
import type { Tokens } from './tokens.ts';

/** What pairing works with. */
export interface PairingDeps {
  readonly identity: Identity;
  readonly developers: DeveloperStore;
  readonly tokens: Tokens;
  readonly audit: AuditLog;
  /** How long a developer's certificate holds, in milliseconds. */
  readonly certificateMs: number;
}

/** A certificate holds from a little before now on, as clocks differ: so long, or a tenth of its life. */
const clockSlackMs = 5 * 60_000;

/** Where a developer gets a certificate for a token. */
export function pairService(deps: PairingDeps): PairServiceHandlers {
  // A secret of 128 bits cannot be guessed; this keeps those who try from costing anything.
  const attempts = new Rates(() => new Rate(10, 1 / 3));
  const all = new Rate(200, 20);
  const written = new Rate(20, 1 / 6);
  return {
    Pair: (call, done) =>
      answer(done, async () => {
        const address = addressOf(call.getPeer());
        try {
          if (!attempts.take(address)) throw new VaisError('rate_limited', `too many attempts to pair from ${address}`);
          if (!all.take()) throw new VaisError('rate_limited', 'too many attempts to pair with this agent');
          return await pair(call.request, address, deps);
        } catch (thrown) {
          const { code, message } = VaisError.from(thrown);
          // A flood of attempts shall not fill the disk.
          if (written.take()) await deps.audit.append('pairing_refused', { address, code, message });
          throw thrown;
        }
      }),
  };
}

/** Where a developer gets a new certificate for the one that ends soon. */
export function identityService(memberOf: MemberOf, deps: PairingDeps): IdentityServiceHandlers {
  const renewals = new Rates(() => new Rate(5, 1 / 60));
  return {
    Renew: (call, done) =>
      answer(done, async () => {
        const developer = deps.developers.require(memberOf(call));
        if (!renewals.take(developer.id)) throw new VaisError('rate_limited', 'too many renewals of this certificate');
        const validity = validityFor(deps);
        const { certificateRequest } = call.request;
        const certificate = await issueClient(deps.identity.authority, certificateRequest, developer.id, validity);
        deps.developers.require(developer.id); // It may have been revoked meanwhile.
        await deps.developers.renewed(developer.id, validity.until.getTime());
        await deps.audit.append('renewed', { developer: developer.name, until: validity.until.toISOString() });
        return { certificate };
      }),
  };
}

async function pair(request: PairRequest__Output, address: string, deps: PairingDeps): Promise<PairResponse> {
  const { identity, developers, tokens, audit } = deps;
  const { secret, certificateRequest, signingKey: spki, proof } = request;
  const name = tokens.look(secret).developer ?? request.developer;
  const signingKey = readSigningKey(spki);
  const digest = createHash('sha256').update(certificateRequest).digest('hex');
  const statement = pairingStatement(identity.fingerprint.toString('hex'), digest, request.developer);
  if (!isSigned(statement, proof, signingKey))
    throw new VaisError('signature_invalid', 'whoever asks does not have the signing key that they name');
  developers.requireFree(name, signingKey);
  const validity = validityFor(deps);
  // Tried before the token is used up, with a subject that counts for nothing.
  await issueClient(identity.authority, certificateRequest, '0'.repeat(32), validity);

  const { programs } = tokens.use(secret);
  const developer = await developers.add({ name, programs, expiresAt: validity.until.getTime() }, signingKey);
  const certificate = await issueClient(identity.authority, certificateRequest, developer.id, validity);
  await audit.append('paired', { developer: name, keyId: developer.keyId, programs, address });
  const agentName = hostname();
  return {
    certificate,
    agentId: identity.agentId,
    agentName: isName(agentName) ? agentName : '',
    developer: name,
    programs: [...programs],
  };
}

function validityFor({ certificateMs }: PairingDeps): Validity {
  const now = Date.now();
  return { from: new Date(now - Math.min(clockSlackMs, certificateMs / 10)), until: new Date(now + certificateMs) };
}
