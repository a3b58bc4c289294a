import * as grpc from '@grpc/grpc-js';
import { VaisError } from '../common/error.ts';
import type { Target } from './address.ts';
import { Authenticator, type AuthenticatorOptions } from './authenticate.ts';
import type { AgentServiceHandlers } from './gen/vais/remote/v1/AgentService.ts';
import type { IdentityServiceHandlers } from './gen/vais/remote/v1/IdentityService.ts';
import type { PairServiceHandlers } from './gen/vais/remote/v1/PairService.ts';
import { AgentService, IdentityService, PairService } from './protos.ts';
import { addStandardServices, type RpcServer, serverOptions } from './server.ts';
import { toStatus } from './status.ts';
import { openWindow } from './window.ts';

/** What a guest may send: a pairing request, and no more. */
const guestOptions: grpc.ServerOptions = {
  ...serverOptions,
  'grpc.max_receive_message_length': 16 * 1024,
  'grpc.max_concurrent_streams': 4,
  'grpc-node.max_session_memory': 1, // MiB; without a limit for members, as uploads need it.
};

/** Says who calls: the id of a developer. @throws VaisError when the connection is gone */
export type MemberOf = (call: { getPeer(): string }) => string;

/** The handlers of a secure agent. */
export interface SecureHandlers {
  readonly agent: AgentServiceHandlers;
  readonly identity: IdentityServiceHandlers;
  /** Gets calls from anybody. */
  readonly pair: PairServiceHandlers;
}

/** A listening gRPC server that knows who calls. */
export interface SecureServer extends RpcServer {
  /** How many connections a developer has. */
  countOf(id: string): number;
  /** Ends all connections of a developer at once. Returns how many there were. */
  expel(id: string): number;
}

/**
 * Serves agent and developers over mutual TLS 1.3. There are two gRPC servers behind the one authenticator: that for members has all
 * services; that for guests can pair, and answers everything else with the reason why the caller is but a guest.
 *
 * @throws VaisError `busy` when the address is taken
 */
export async function serveSecurely(
  target: Target,
  handlersFor: (memberOf: MemberOf) => SecureHandlers,
  options: Pick<AuthenticatorOptions, 'authority' | 'server' | 'admit'> & {
    /** Hears of each call that was refused, from which IP address and why. */
    readonly onRefused: (address: string, why: VaisError) => void;
  },
): Promise<SecureServer> {
  let authenticator: Authenticator | undefined;
  const memberOf: MemberOf = (call) => {
    if (authenticator === undefined) throw new Error('nobody calls before the authenticator is open');
    return authenticator.memberAt(call.getPeer());
  };
  const handlers = handlersFor(memberOf);
  const members = openWindow(new grpc.Server(serverOptions));
  members.addService(AgentService.service, handlers.agent);
  members.addService(IdentityService.service, handlers.identity);
  addStandardServices(members);
  const guests = new grpc.Server(guestOptions);
  guests.addService(PairService.service, handlers.pair);
  guests.addService(AgentService.service, refusing(AgentService.service, memberOf, options.onRefused));
  guests.addService(IdentityService.service, refusing(IdentityService.service, memberOf, options.onRefused));

  const plain = grpc.ServerCredentials.createInsecure(); // What is injected is encrypted already.
  const [memberInjector, guestInjector] = [
    members.createConnectionInjector(plain),
    guests.createConnectionInjector(plain),
  ];
  const opened = await Authenticator.open(target, {
    ...options,
    members: (socket) => memberInjector.injectConnection(socket),
    guests: (socket) => guestInjector.injectConnection(socket),
  });
  authenticator = opened;
  return {
    port: opened.port,
    countOf: (id) => opened.countOf(id),
    expel: (id) => opened.expel(id),
    close: async () => {
      opened.close();
      members.forceShutdown();
      guests.forceShutdown();
    },
  };
}

/** Handlers that answer each method of a service with why the caller may not call it. */
function refusing(
  service: grpc.ServiceDefinition,
  memberOf: MemberOf,
  onRefused: (address: string, why: VaisError) => void,
): grpc.UntypedServiceImplementation {
  const refusal = (call: { getPeer(): string }): Partial<grpc.StatusObject> => {
    try {
      memberOf(call);
      return { code: grpc.status.INTERNAL };
    } catch (thrown) {
      onRefused(addressOf(call.getPeer()), VaisError.from(thrown));
      return toStatus(thrown);
    }
  };
  const unary: grpc.handleUnaryCall<unknown, unknown> = (call, done) => done(refusal(call));
  const stream: grpc.handleServerStreamingCall<unknown, unknown> = (call) => void call.emit('error', refusal(call));
  return Object.fromEntries(
    Object.entries(service).map(([name, { responseStream }]) => [name, responseStream ? stream : unary]),
  );
}

/** The IP address of a peer as gRPC names it. */
export function addressOf(peer: string): string {
  return peer.replace(/:\d+$/, '');
}
