// Original file: proto/vais/remote/v1/trust.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CreateTokenRequest as _vais_remote_v1_CreateTokenRequest, CreateTokenRequest__Output as _vais_remote_v1_CreateTokenRequest__Output } from '../../../vais/remote/v1/CreateTokenRequest.ts';
import type { CreateTokenResponse as _vais_remote_v1_CreateTokenResponse, CreateTokenResponse__Output as _vais_remote_v1_CreateTokenResponse__Output } from '../../../vais/remote/v1/CreateTokenResponse.ts';
import type { ListDevelopersRequest as _vais_remote_v1_ListDevelopersRequest, ListDevelopersRequest__Output as _vais_remote_v1_ListDevelopersRequest__Output } from '../../../vais/remote/v1/ListDevelopersRequest.ts';
import type { ListDevelopersResponse as _vais_remote_v1_ListDevelopersResponse, ListDevelopersResponse__Output as _vais_remote_v1_ListDevelopersResponse__Output } from '../../../vais/remote/v1/ListDevelopersResponse.ts';
import type { RevokeDeveloperRequest as _vais_remote_v1_RevokeDeveloperRequest, RevokeDeveloperRequest__Output as _vais_remote_v1_RevokeDeveloperRequest__Output } from '../../../vais/remote/v1/RevokeDeveloperRequest.ts';
import type { RevokeDeveloperResponse as _vais_remote_v1_RevokeDeveloperResponse, RevokeDeveloperResponse__Output as _vais_remote_v1_RevokeDeveloperResponse__Output } from '../../../vais/remote/v1/RevokeDeveloperResponse.ts';

export interface AdminServiceClient extends grpc.Client {
  CreateToken(argument: _vais_remote_v1_CreateTokenRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_CreateTokenResponse__Output>): grpc.ClientUnaryCall;
  CreateToken(argument: _vais_remote_v1_CreateTokenRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_vais_remote_v1_CreateTokenResponse__Output>): grpc.ClientUnaryCall;
  CreateToken(argument: _vais_remote_v1_CreateTokenRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_CreateTokenResponse__Output>): grpc.ClientUnaryCall;
  CreateToken(argument: _vais_remote_v1_CreateTokenRequest, callback: grpc.requestCallback<_vais_remote_v1_CreateTokenResponse__Output>): grpc.ClientUnaryCall;
  createToken(argument: _vais_remote_v1_CreateTokenRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_CreateTokenResponse__Output>): grpc.ClientUnaryCall;
  createToken(argument: _vais_remote_v1_CreateTokenRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_vais_remote_v1_CreateTokenResponse__Output>): grpc.ClientUnaryCall;
  createToken(argument: _vais_remote_v1_CreateTokenRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_CreateTokenResponse__Output>): grpc.ClientUnaryCall;
  createToken(argument: _vais_remote_v1_CreateTokenRequest, callback: grpc.requestCallback<_vais_remote_v1_CreateTokenResponse__Output>): grpc.ClientUnaryCall;
  
  ListDevelopers(argument: _vais_remote_v1_ListDevelopersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_ListDevelopersResponse__Output>): grpc.ClientUnaryCall;
  ListDevelopers(argument: _vais_remote_v1_ListDevelopersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_vais_remote_v1_ListDevelopersResponse__Output>): grpc.ClientUnaryCall;
  ListDevelopers(argument: _vais_remote_v1_ListDevelopersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_ListDevelopersResponse__Output>): grpc.ClientUnaryCall;
  ListDevelopers(argument: _vais_remote_v1_ListDevelopersRequest, callback: grpc.requestCallback<_vais_remote_v1_ListDevelopersResponse__Output>): grpc.ClientUnaryCall;
  listDevelopers(argument: _vais_remote_v1_ListDevelopersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_ListDevelopersResponse__Output>): grpc.ClientUnaryCall;
  listDevelopers(argument: _vais_remote_v1_ListDevelopersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_vais_remote_v1_ListDevelopersResponse__Output>): grpc.ClientUnaryCall;
  listDevelopers(argument: _vais_remote_v1_ListDevelopersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_ListDevelopersResponse__Output>): grpc.ClientUnaryCall;
  listDevelopers(argument: _vais_remote_v1_ListDevelopersRequest, callback: grpc.requestCallback<_vais_remote_v1_ListDevelopersResponse__Output>): grpc.ClientUnaryCall;
  
  RevokeDeveloper(argument: _vais_remote_v1_RevokeDeveloperRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_RevokeDeveloperResponse__Output>): grpc.ClientUnaryCall;
  RevokeDeveloper(argument: _vais_remote_v1_RevokeDeveloperRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_vais_remote_v1_RevokeDeveloperResponse__Output>): grpc.ClientUnaryCall;
  RevokeDeveloper(argument: _vais_remote_v1_RevokeDeveloperRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_RevokeDeveloperResponse__Output>): grpc.ClientUnaryCall;
  RevokeDeveloper(argument: _vais_remote_v1_RevokeDeveloperRequest, callback: grpc.requestCallback<_vais_remote_v1_RevokeDeveloperResponse__Output>): grpc.ClientUnaryCall;
  revokeDeveloper(argument: _vais_remote_v1_RevokeDeveloperRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_RevokeDeveloperResponse__Output>): grpc.ClientUnaryCall;
  revokeDeveloper(argument: _vais_remote_v1_RevokeDeveloperRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_vais_remote_v1_RevokeDeveloperResponse__Output>): grpc.ClientUnaryCall;
  revokeDeveloper(argument: _vais_remote_v1_RevokeDeveloperRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_RevokeDeveloperResponse__Output>): grpc.ClientUnaryCall;
  revokeDeveloper(argument: _vais_remote_v1_RevokeDeveloperRequest, callback: grpc.requestCallback<_vais_remote_v1_RevokeDeveloperResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface AdminServiceHandlers extends grpc.UntypedServiceImplementation {
  CreateToken: grpc.handleUnaryCall<_vais_remote_v1_CreateTokenRequest__Output, _vais_remote_v1_CreateTokenResponse>;
  
  ListDevelopers: grpc.handleUnaryCall<_vais_remote_v1_ListDevelopersRequest__Output, _vais_remote_v1_ListDevelopersResponse>;
  
  RevokeDeveloper: grpc.handleUnaryCall<_vais_remote_v1_RevokeDeveloperRequest__Output, _vais_remote_v1_RevokeDeveloperResponse>;
  
}

export interface AdminServiceDefinition extends grpc.ServiceDefinition {
  CreateToken: MethodDefinition<_vais_remote_v1_CreateTokenRequest, _vais_remote_v1_CreateTokenResponse, _vais_remote_v1_CreateTokenRequest__Output, _vais_remote_v1_CreateTokenResponse__Output>
  ListDevelopers: MethodDefinition<_vais_remote_v1_ListDevelopersRequest, _vais_remote_v1_ListDevelopersResponse, _vais_remote_v1_ListDevelopersRequest__Output, _vais_remote_v1_ListDevelopersResponse__Output>
  RevokeDeveloper: MethodDefinition<_vais_remote_v1_RevokeDeveloperRequest, _vais_remote_v1_RevokeDeveloperResponse, _vais_remote_v1_RevokeDeveloperRequest__Output, _vais_remote_v1_RevokeDeveloperResponse__Output>
}
