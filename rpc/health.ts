import * as grpc from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import { VaisError } from '../common/error.ts';
import type { Target } from './address.ts';
import type { ChannelSetup } from './credentials.ts';
import { channelOptions } from './server.ts';
import { fromStatus } from './status.ts';

/** How long a server may take to say whether it serves, in milliseconds. */
const deadlineMs = 5_000;

const HealthClient = grpc.makeGenericClientConstructor(service, 'Health');
type Check = grpc.requestCallback<{ status: string | number }>;

/** Asks the standard health service (`grpc.health.v1`). @throws VaisError `unreachable` unless it serves */
export async function checkHealth(target: Target, { credentials, options }: ChannelSetup): Promise<void> {
  const client = new HealthClient(target.dial ?? target.address, credentials, { ...channelOptions, ...options });
  try {
    await new Promise<void>((resolve, reject) => {
      const done: Check = (error, answer) => {
        if (error !== null) reject(fromStatus(error, target.address));
        else if (answer?.status === 'SERVING' || answer?.status === 1) resolve();
        else reject(new VaisError('unreachable', `the agent at ${target.address} does not serve: ${answer?.status}`));
      };
      client['check']?.({ service: '' }, { deadline: Date.now() + deadlineMs }, done);
    });
  } finally {
    client.close();
  }
}
