/**
 * `rpc/` knows the wire: the protos, typed client and server, addresses, errors to and from gRPC status. It may import
 * `common/` and `artifact/`.
 */
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { loadSync, type MessageTypeDefinition, type PackageDefinition } from '@grpc/proto-loader';
import { packageRoot } from '../common/package-root.ts';
import type { ProtoGrpcType } from './gen/agent.ts';
import type { ErrorInfo, ErrorInfo__Output } from './gen/google/rpc/ErrorInfo.ts';
import type { Status, Status__Output } from './gen/google/rpc/Status.ts';
import type { ProtoGrpcType as TrustGrpcType } from './gen/trust.ts';

// What goes wrong reaches the caller as an error; grpc-js would write it to standard error a second time.
grpc.setLogVerbosity(grpc.logVerbosity.NONE);

/** The loaded proto files. Numbers of 64 bits arrive as numbers: all of ours stay below 2^53. */
export const packageDefinition: PackageDefinition = loadSync(
  ['vais/remote/v1/agent.proto', 'vais/remote/v1/trust.proto', 'google/rpc/status.proto'],
  {
    includeDirs: [join(packageRoot, 'proto')],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  },
);

const loaded = grpc.loadPackageDefinition(packageDefinition) as unknown as ProtoGrpcType & TrustGrpcType;

/** The agent's service: `new AgentService(address, credentials)` is a client, `AgentService.service` its definition. */
export const AgentService = loaded.vais.remote.v1.AgentService;

/** Where a developer gets a certificate, renews it, and is managed. */
export const { PairService, IdentityService, AdminService } = loaded.vais.remote.v1;

/** `google.rpc.Status`, the details of a failed call. */
export const StatusMessage = packageDefinition['google.rpc.Status'] as MessageTypeDefinition<Status, Status__Output>;

/** `google.rpc.ErrorInfo`, the one detail that we put into a status. */
export const ErrorInfoMessage = packageDefinition['google.rpc.ErrorInfo'] as MessageTypeDefinition<
  ErrorInfo,
  ErrorInfo__Output
>;
