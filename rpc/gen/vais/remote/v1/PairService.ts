// Original file: proto/vais/remote/v1/trust.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { PairRequest as _vais_remote_v1_PairRequest, PairRequest__Output as _vais_remote_v1_PairRequest__Output } from '../../../vais/remote/v1/PairRequest.ts';
import type { PairResponse as _vais_remote_v1_PairResponse, PairResponse__Output as _vais_remote_v1_PairResponse__Output } from '../../../vais/remote/v1/PairResponse.ts';

export interface PairServiceClient extends grpc.Client {
  Pair(argument: _vais_remote_v1_PairRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_PairResponse__Output>): grpc.ClientUnaryCall;
  Pair(argument: _vais_remote_v1_PairRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_vais_remote_v1_PairResponse__Output>): grpc.ClientUnaryCall;
  Pair(argument: _vais_remote_v1_PairRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_PairResponse__Output>): grpc.ClientUnaryCall;
  Pair(argument: _vais_remote_v1_PairRequest, callback: grpc.requestCallback<_vais_remote_v1_PairResponse__Output>): grpc.ClientUnaryCall;
  pair(argument: _vais_remote_v1_PairRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_PairResponse__Output>): grpc.ClientUnaryCall;
  pair(argument: _vais_remote_v1_PairRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_vais_remote_v1_PairResponse__Output>): grpc.ClientUnaryCall;
  pair(argument: _vais_remote_v1_PairRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_PairResponse__Output>): grpc.ClientUnaryCall;
  pair(argument: _vais_remote_v1_PairRequest, callback: grpc.requestCallback<_vais_remote_v1_PairResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface PairServiceHandlers extends grpc.UntypedServiceImplementation {
  Pair: grpc.handleUnaryCall<_vais_remote_v1_PairRequest__Output, _vais_remote_v1_PairResponse>;
  
}

export interface PairServiceDefinition extends grpc.ServiceDefinition {
  Pair: MethodDefinition<_vais_remote_v1_PairRequest, _vais_remote_v1_PairResponse, _vais_remote_v1_PairRequest__Output, _vais_remote_v1_PairResponse__Output>
}
