import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { AdminServiceClient as _vais_remote_v1_AdminServiceClient, AdminServiceDefinition as _vais_remote_v1_AdminServiceDefinition } from './vais/remote/v1/AdminService.ts';
import type { CreateTokenRequest as _vais_remote_v1_CreateTokenRequest, CreateTokenRequest__Output as _vais_remote_v1_CreateTokenRequest__Output } from './vais/remote/v1/CreateTokenRequest.ts';
import type { CreateTokenResponse as _vais_remote_v1_CreateTokenResponse, CreateTokenResponse__Output as _vais_remote_v1_CreateTokenResponse__Output } from './vais/remote/v1/CreateTokenResponse.ts';
import type { Developer as _vais_remote_v1_Developer, Developer__Output as _vais_remote_v1_Developer__Output } from './vais/remote/v1/Developer.ts';
import type { IdentityServiceClient as _vais_remote_v1_IdentityServiceClient, IdentityServiceDefinition as _vais_remote_v1_IdentityServiceDefinition } from './vais/remote/v1/IdentityService.ts';
import type { ListDevelopersRequest as _vais_remote_v1_ListDevelopersRequest, ListDevelopersRequest__Output as _vais_remote_v1_ListDevelopersRequest__Output } from './vais/remote/v1/ListDevelopersRequest.ts';
import type { ListDevelopersResponse as _vais_remote_v1_ListDevelopersResponse, ListDevelopersResponse__Output as _vais_remote_v1_ListDevelopersResponse__Output } from './vais/remote/v1/ListDevelopersResponse.ts';
import type { PairRequest as _vais_remote_v1_PairRequest, PairRequest__Output as _vais_remote_v1_PairRequest__Output } from './vais/remote/v1/PairRequest.ts';
import type { PairResponse as _vais_remote_v1_PairResponse, PairResponse__Output as _vais_remote_v1_PairResponse__Output } from './vais/remote/v1/PairResponse.ts';
import type { PairServiceClient as _vais_remote_v1_PairServiceClient, PairServiceDefinition as _vais_remote_v1_PairServiceDefinition } from './vais/remote/v1/PairService.ts';
import type { RenewRequest as _vais_remote_v1_RenewRequest, RenewRequest__Output as _vais_remote_v1_RenewRequest__Output } from './vais/remote/v1/RenewRequest.ts';
import type { RenewResponse as _vais_remote_v1_RenewResponse, RenewResponse__Output as _vais_remote_v1_RenewResponse__Output } from './vais/remote/v1/RenewResponse.ts';
import type { RevokeDeveloperRequest as _vais_remote_v1_RevokeDeveloperRequest, RevokeDeveloperRequest__Output as _vais_remote_v1_RevokeDeveloperRequest__Output } from './vais/remote/v1/RevokeDeveloperRequest.ts';
import type { RevokeDeveloperResponse as _vais_remote_v1_RevokeDeveloperResponse, RevokeDeveloperResponse__Output as _vais_remote_v1_RevokeDeveloperResponse__Output } from './vais/remote/v1/RevokeDeveloperResponse.ts';
import type { Signature as _vais_remote_v1_Signature, Signature__Output as _vais_remote_v1_Signature__Output } from './vais/remote/v1/Signature.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  vais: {
    remote: {
      v1: {
        AdminService: SubtypeConstructor<typeof grpc.Client, _vais_remote_v1_AdminServiceClient> & { service: _vais_remote_v1_AdminServiceDefinition }
        CreateTokenRequest: MessageTypeDefinition<_vais_remote_v1_CreateTokenRequest, _vais_remote_v1_CreateTokenRequest__Output>
        CreateTokenResponse: MessageTypeDefinition<_vais_remote_v1_CreateTokenResponse, _vais_remote_v1_CreateTokenResponse__Output>
        Developer: MessageTypeDefinition<_vais_remote_v1_Developer, _vais_remote_v1_Developer__Output>
        IdentityService: SubtypeConstructor<typeof grpc.Client, _vais_remote_v1_IdentityServiceClient> & { service: _vais_remote_v1_IdentityServiceDefinition }
        ListDevelopersRequest: MessageTypeDefinition<_vais_remote_v1_ListDevelopersRequest, _vais_remote_v1_ListDevelopersRequest__Output>
        ListDevelopersResponse: MessageTypeDefinition<_vais_remote_v1_ListDevelopersResponse, _vais_remote_v1_ListDevelopersResponse__Output>
        PairRequest: MessageTypeDefinition<_vais_remote_v1_PairRequest, _vais_remote_v1_PairRequest__Output>
        PairResponse: MessageTypeDefinition<_vais_remote_v1_PairResponse, _vais_remote_v1_PairResponse__Output>
        PairService: SubtypeConstructor<typeof grpc.Client, _vais_remote_v1_PairServiceClient> & { service: _vais_remote_v1_PairServiceDefinition }
        RenewRequest: MessageTypeDefinition<_vais_remote_v1_RenewRequest, _vais_remote_v1_RenewRequest__Output>
        RenewResponse: MessageTypeDefinition<_vais_remote_v1_RenewResponse, _vais_remote_v1_RenewResponse__Output>
        RevokeDeveloperRequest: MessageTypeDefinition<_vais_remote_v1_RevokeDeveloperRequest, _vais_remote_v1_RevokeDeveloperRequest__Output>
        RevokeDeveloperResponse: MessageTypeDefinition<_vais_remote_v1_RevokeDeveloperResponse, _vais_remote_v1_RevokeDeveloperResponse__Output>
        Signature: MessageTypeDefinition<_vais_remote_v1_Signature, _vais_remote_v1_Signature__Output>
      }
    }
  }
}

