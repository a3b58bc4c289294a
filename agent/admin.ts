import { rm } from 'node:fs/promises';
import * as grpc from '@grpc/grpc-js';
import { VaisError } from '../common/error.ts';
import type { AdminServiceHandlers } from '../rpc/gen/vais/remote/v1/AdminService.ts';
import type { Developer as WireDeveloper } from '../rpc/gen/vais/remote/v1/Developer.ts';
import { AdminService } from '../rpc/protos.ts';
import type { Developer } from './developers.ts';
import { answer } from './service.ts';
import { isPipe, socketPath } from './socket-path.ts';
import type { Trust } from './trust.ts';

/** Serves the admin's commands. Returns how to stop that. @throws VaisError `storage` */
export async function serveAdmin(dataFolder: string, trust: Trust): Promise<() => Promise<void>> {
  const path = socketPath(dataFolder, 'admin');
  const isFile = !isPipe(path);
  if (isFile) await rm(path, { force: true }); // Left by an agent that was killed: we hold the lock of the folder.
  const server = new grpc.Server();
  server.addService(AdminService.service, handlers(trust));
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, grpc.ServerCredentials.createInsecure(), (cause) => {
      if (cause === null) resolve();
      else reject(new VaisError('storage', `cannot listen on ${path}: ${cause.message}`, { cause }));
    });
  });
  return async () => {
    server.forceShutdown();
    if (isFile) await rm(path, { force: true });
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
