import * as grpc from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { VaisError } from '../common/error.ts';
import type { Target } from './address.ts';
import type { AgentServiceHandlers } from './gen/vais/remote/v1/AgentService.ts';
import { AgentService, packageDefinition } from './protos.ts';
import { openWindow } from './window.ts';

/** The largest message that an agent takes, in bytes: a chunk and its frame, with room to spare. */
export const maxMessageBytes = 4 * 1024 * 1024;
/** The largest that it says: the contracts of all programs that are connected. */
const maxStateBytes = 64 * 1024 * 1024;

/** What a client tells grpc-js. Times in milliseconds. */
export const channelOptions: grpc.ChannelOptions = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // grpc-js would wait up to two minutes between attempts; whoever watches wants an agent that is back at once.
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.max_receive_message_length': maxStateBytes,
  'grpc.max_send_message_length': maxMessageBytes,
};

/** What an agent tells grpc-js. */
export const serverOptions: grpc.ServerOptions = {
  ...channelOptions,
  'grpc.max_concurrent_streams': 64,
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxStateBytes,
};

/** A listening gRPC server. */
export interface RpcServer {
  /** The port that it has, also where 0 was asked for. */
  readonly port: number;
  /** Stops taking calls and ends those that run. Idempotent. */
  close(): Promise<void>;
}

/**
 * Serves the agent's service, health (`grpc.health.v1`) and reflection, in plain text.
 *
 * @throws VaisError `busy` when the address is taken
 */
export async function serveAgent(
  target: Target,
  handlers: AgentServiceHandlers,
  credentials: grpc.ServerCredentials,
): Promise<RpcServer> {
  const server = openWindow(new grpc.Server(serverOptions));
  server.addService(AgentService.service, handlers);
  addStandardServices(server);
  const port = await bind(server, target, credentials);
  let closed = false;
  return {
    port,
    close: async () => {
      if (closed) return;
      closed = true;
      server.forceShutdown();
    },
  };
}

/** Health and reflection. */
export function addStandardServices(server: grpc.Server): void {
  addHealthService(server);
  new ReflectionService(packageDefinition).addToServer(server);
}

/** The standard health service, which says of a server that answers at all that it serves. */
export function addHealthService(server: grpc.Server): void {
  new HealthImplementation({ '': 'SERVING', 'vais.remote.v1.AgentService': 'SERVING' }).addToServer(server);
}

function bind(server: grpc.Server, target: Target, credentials: grpc.ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(target.address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(new VaisError('busy', `cannot listen on ${target.address}: ${plainReason(error)}`, { cause: error }));
    });
  });
}

/** grpc-js lists what it tried; the system's own word is what a person can use. */
function plainReason(error: Error): string {
  if (error.message.includes('EADDRINUSE')) return 'another process listens there';
  return /\b(E[A-Z]{3,})\b/.exec(error.message)?.[1] ?? error.message;
}
