// Original file: proto/vais/remote/v1/trust.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { RenewRequest as _vais_remote_v1_RenewRequest, RenewRequest__Output as _vais_remote_v1_RenewRequest__Output } from '../../../vais/remote/v1/RenewRequest.ts';
import type { RenewResponse as _vais_remote_v1_RenewResponse, RenewResponse__Output as _vais_remote_v1_RenewResponse__Output } from '../../../vais/remote/v1/RenewResponse.ts';

export interface IdentityServiceClient extends grpc.Client {
  Renew(argument: _vais_remote_v1_RenewRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  Renew(argument: _vais_remote_v1_RenewRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_vais_remote_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  Renew(argument: _vais_remote_v1_RenewRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  Renew(argument: _vais_remote_v1_RenewRequest, callback: grpc.requestCallback<_vais_remote_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  renew(argument: _vais_remote_v1_RenewRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  renew(argument: _vais_remote_v1_RenewRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_vais_remote_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  renew(argument: _vais_remote_v1_RenewRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  renew(argument: _vais_remote_v1_RenewRequest, callback: grpc.requestCallback<_vais_remote_v1_RenewResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface IdentityServiceHandlers extends grpc.UntypedServiceImplementation {
  Renew: grpc.handleUnaryCall<_vais_remote_v1_RenewRequest__Output, _vais_remote_v1_RenewResponse>;
  
}

export interface IdentityServiceDefinition extends grpc.ServiceDefinition {
  Renew: MethodDefinition<_vais_remote_v1_RenewRequest, _vais_remote_v1_RenewResponse, _vais_remote_v1_RenewRequest__Output, _vais_remote_v1_RenewResponse__Output>
}
