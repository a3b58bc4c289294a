import type * as grpc from '@grpc/grpc-js';
import type { Target } from './address.ts';
import { type ClientIdentity, secureChannel } from './credentials.ts';
import type { PairRequest } from './gen/vais/remote/v1/PairRequest.ts';
import type { PairResponse__Output } from './gen/vais/remote/v1/PairResponse.ts';
import type { RenewResponse__Output } from './gen/vais/remote/v1/RenewResponse.ts';
import { IdentityService, PairService } from './protos.ts';
import { channelOptions } from './server.ts';
import { fromStatus } from './status.ts';

/** How long an agent may take to make a certificate, in milliseconds. */
const deadlineMs = 15_000;

/** Pairs with the agent. @throws VaisError `token_refused`, `rate_limited`, `usage`, `unreachable` */
export function askToPair(
  target: Target,
  identity: ClientIdentity,
  request: PairRequest,
): Promise<PairResponse__Output> {
  const { credentials, options } = secureChannel(identity);
  const client = new PairService(target.dial ?? target.address, credentials, { ...channelOptions, ...options });
  return once(client, target, (call, done) => client.pair(request, call, done));
}

/** A new certificate for the key of this request. @throws VaisError `revoked`, `certificate_expired`, `unreachable` */
export async function askToRenew(target: Target, identity: ClientIdentity, request: Buffer): Promise<string> {
  const { credentials, options } = secureChannel(identity);
  const client = new IdentityService(target.dial ?? target.address, credentials, { ...channelOptions, ...options });
  const message = { certificateRequest: request };
  const answer = await once<RenewResponse__Output>(client, target, (call, done) => client.renew(message, call, done));
  return answer.certificate;
}

async function once<Answer>(
  client: grpc.Client,
  { address }: Target,
  call: (options: grpc.CallOptions, done: grpc.requestCallback<Answer>) => unknown,
): Promise<Answer> {
  try {
    return await new Promise<Answer>((resolve, reject) => {
      call({ deadline: Date.now() + deadlineMs }, (error, answer) => {
        if (error === null && answer !== undefined) resolve(answer);
        else reject(fromStatus(error, address));
      });
    });
  } finally {
    client.close();
  }
}
