import { join } from 'node:path';
import { VaisError } from '../common/error.ts';
import { readSecret } from '../common/secret-file.ts';
import { parseTarget } from '../rpc/address.ts';
import { agentIdOf } from '../rpc/certificate.ts';
import { type ChannelSetup, plainChannel, secureChannel } from '../rpc/credentials.ts';
import { checkHealth } from '../rpc/health.ts';
import { authorityPath } from './identity.ts';
import { readWhereabouts } from './whereabouts.ts';

/**
 * `agent health`: asks the agent of a data folder, through its port and over TLS, as a developer would reach it, by the
 * standard health service.
 *
 * @throws VaisError `unreachable` when it does not serve, `identity_changed` when another answers on its port
 */
export async function health(dataFolder: string): Promise<{ readonly address: string }> {
  const { address, insecure } = await readWhereabouts(dataFolder);
  await checkHealth(parseTarget(address), insecure ? plainChannel() : await guestChannel(dataFolder));
  return { address };
}

/** Knows the agent, and shows no certificate: who asks is on its machine, and no developer. */
async function guestChannel(dataFolder: string): Promise<ChannelSetup> {
  const text = await readSecret(authorityPath(dataFolder));
  const authority = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/.exec(text ?? '')?.[0];
  if (authority === undefined)
    throw new VaisError('identity_lost', `${join(dataFolder, 'identity')} holds no certificate`);
  return secureChannel({ agentId: agentIdOf(authority), authority });
}
