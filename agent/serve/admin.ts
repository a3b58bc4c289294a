import * as grpc from '@grpc/grpc-js';
import { answer } from '../../rpc/answer.ts';
import type { AdminServiceHandlers } from '../../rpc/gen/vais/remote/v1/AdminService.ts';
import type { Developer as WireDeveloper } from '../../rpc/gen/vais/remote/v1/Developer.ts';
import { AdminService } from '../../rpc/protos.ts';
import { addHealthService } from '../../rpc/server.ts';
import { listenForPrograms } from '../link/listener.ts';
import { socketPath } from '../link/socket-path.ts';
import type { Developer } from '../trust/developers.ts';
import type { Trust } from '../trust/trust.ts';

/** Serves the admin's commands, and the standard health service. Returns how to stop that. @throws VaisError `storage`, `busy` */
export async function serveAdmin(dataFolder: string, trust: Trust): Promise<() => Promise<void>> {
  const server = new grpc.Server();
  server.addService(AdminService.service, handlers(trust));
  addHealthService(server); // Whoever watches over the agent is no developer, and the port answers nobody else.
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  const listener = await listenForPrograms(socketPath(dataFolder, 'admin'), (socket) =>
    injector.injectConnection(socket),
  );
  return async () => {
    await listener.close();
    server.forceShutdown();
  };
}

function handlers(trust: Trust): AdminServiceHandlers {
  return {
    CreateToken: (call, done) =>
      answer(done, () => {
        const { developer, programs, seconds } = call.request;
        return trust.makeToken({ ...(developer === '' ? {} : { developer }), programs }, seconds);
      }),
    ListDevelopers: (_call, done) =>
      answer(done, () => ({
        developers: trust.developers.all.map((each) => wireDeveloper(each, trust.countOf(each.id))),
      })),
    RevokeDeveloper: (call, done) =>
      answer(done, async () => {
        const { developer, ended } = await trust.revoke(call.request.developer);
        return { developer: wireDeveloper(developer, 0), ended };
      }),
  };
}

/** A developer as the wire says it. */
export function wireDeveloper(developer: Developer, connections: number): WireDeveloper {
  const { name, keyId, programs, pairedAt, revokedAt, expiresAt } = developer;
  return {
    name,
    keyId,
    programs: [...programs],
    pairedAtUnixMs: pairedAt,
    revokedAtUnixMs: revokedAt ?? 0,
    expiresAtUnixMs: expiresAt,
    connections,
  };
}
