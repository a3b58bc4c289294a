import { createSecureContext } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import { VaisError } from '../common/error.ts';
import { serverNameOf } from './certificate.ts';

/** What a client needs to be known by an agent, and to know it. */
export interface ClientIdentity {
  readonly agentId: string;
  /** The certificate of the agent's authority, PEM: nobody else's certificate counts. */
  readonly authority: string;
  /** The client's own; missing when it pairs. */
  readonly own?: { readonly key: string; readonly certificate: string };
}

/** How a gRPC channel is made. */
export interface ChannelSetup {
  readonly credentials: grpc.ChannelCredentials;
  readonly options: grpc.ChannelOptions;
}

/** TLS 1.3 to this agent and no other. @throws VaisError `key_exposed` when key and certificate cannot be read */
export function secureChannel({ agentId, authority, own }: ClientIdentity): ChannelSetup {
  const name = serverNameOf(agentId);
  try {
    const context = createSecureContext({
      ca: authority,
      minVersion: 'TLSv1.3',
      ...(own === undefined ? {} : { key: own.key, cert: own.certificate }),
    });
    return {
      credentials: grpc.credentials.createFromSecureContext(context),
      options: { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name },
    };
  } catch (cause) {
    throw new VaisError('key_exposed', 'the stored key and certificate do not fit each other or cannot be read', {
      hint: 'Pair again with a new token.',
      cause,
    });
  }
}

/** Plain text, for loopback only. */
export function plainChannel(): ChannelSetup {
  return { credentials: grpc.credentials.createInsecure(), options: {} };
}
