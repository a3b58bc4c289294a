import { VaisError } from '../../common/error.ts';
import { readSecret } from '../../common/secret-file.ts';
import { parseTarget } from '../../rpc/address.ts';
import { agentIdOf } from '../../rpc/certificate.ts';
import { plainChannel } from '../../rpc/credentials.ts';
import { greet } from '../../rpc/greet.ts';
import { checkHealth } from '../../rpc/health.ts';
import { socketPath } from '../link/socket-path.ts';
import { authorityPath } from '../trust/identity.ts';
import { readAddressFile } from './address-file.ts';

/**
 * `agent health`: whether the agent of a data folder serves. Its port has to show the agent's own certificate; the standard
 * health service is asked on its admin's socket, as the port answers strangers nothing but how to pair. With --insecure, the
 * port answers anybody.
 *
 * @throws VaisError `unreachable` when it does not serve, `identity_changed` when another answers on its port
 */
export async function health(dataFolder: string): Promise<{ readonly address: string }> {
  const { address, insecure } = await readAddressFile(dataFolder);
  const target = parseTarget(address);
  const plain = plainChannel();
  if (insecure) {
    await checkHealth(target, plain);
    return { address };
  }
  const { agentId } = await greet(target);
  if (agentId !== (await ownId(dataFolder)))
    throw new VaisError('identity_changed', `what listens at ${address} is not the agent of ${dataFolder}`);
  await checkHealth({ ...target, dial: `unix:${socketPath(dataFolder, 'admin')}` }, plain);
  return { address };
}

async function ownId(dataFolder: string): Promise<string> {
  const text = await readSecret(authorityPath(dataFolder));
  const authority = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/.exec(text ?? '')?.[0];
  if (authority !== undefined) return agentIdOf(authority);
  throw new VaisError('identity_lost', `${authorityPath(dataFolder)} holds no certificate`);
}
