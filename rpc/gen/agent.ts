import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Ack as _vais_remote_v1_Ack, Ack__Output as _vais_remote_v1_Ack__Output } from './vais/remote/v1/Ack.ts';
import type { AdminServiceClient as _vais_remote_v1_AdminServiceClient, AdminServiceDefinition as _vais_remote_v1_AdminServiceDefinition } from './vais/remote/v1/AdminService.ts';
import type { AgentServiceClient as _vais_remote_v1_AgentServiceClient, AgentServiceDefinition as _vais_remote_v1_AgentServiceDefinition } from './vais/remote/v1/AgentService.ts';
import type { Checked as _vais_remote_v1_Checked, Checked__Output as _vais_remote_v1_Checked__Output } from './vais/remote/v1/Checked.ts';
import type { Chunk as _vais_remote_v1_Chunk, Chunk__Output as _vais_remote_v1_Chunk__Output } from './vais/remote/v1/Chunk.ts';
import type { Confirmed as _vais_remote_v1_Confirmed, Confirmed__Output as _vais_remote_v1_Confirmed__Output } from './vais/remote/v1/Confirmed.ts';
import type { CreateTokenRequest as _vais_remote_v1_CreateTokenRequest, CreateTokenRequest__Output as _vais_remote_v1_CreateTokenRequest__Output } from './vais/remote/v1/CreateTokenRequest.ts';
import type { CreateTokenResponse as _vais_remote_v1_CreateTokenResponse, CreateTokenResponse__Output as _vais_remote_v1_CreateTokenResponse__Output } from './vais/remote/v1/CreateTokenResponse.ts';
import type { Delivered as _vais_remote_v1_Delivered, Delivered__Output as _vais_remote_v1_Delivered__Output } from './vais/remote/v1/Delivered.ts';
import type { Delta as _vais_remote_v1_Delta, Delta__Output as _vais_remote_v1_Delta__Output } from './vais/remote/v1/Delta.ts';
import type { Developer as _vais_remote_v1_Developer, Developer__Output as _vais_remote_v1_Developer__Output } from './vais/remote/v1/Developer.ts';
import type { Event as _vais_remote_v1_Event, Event__Output as _vais_remote_v1_Event__Output } from './vais/remote/v1/Event.ts';
import type { Failure as _vais_remote_v1_Failure, Failure__Output as _vais_remote_v1_Failure__Output } from './vais/remote/v1/Failure.ts';
import type { GetStatusRequest as _vais_remote_v1_GetStatusRequest, GetStatusRequest__Output as _vais_remote_v1_GetStatusRequest__Output } from './vais/remote/v1/GetStatusRequest.ts';
import type { GetStatusResponse as _vais_remote_v1_GetStatusResponse, GetStatusResponse__Output as _vais_remote_v1_GetStatusResponse__Output } from './vais/remote/v1/GetStatusResponse.ts';
import type { HistoryEntry as _vais_remote_v1_HistoryEntry, HistoryEntry__Output as _vais_remote_v1_HistoryEntry__Output } from './vais/remote/v1/HistoryEntry.ts';
import type { IdentityServiceClient as _vais_remote_v1_IdentityServiceClient, IdentityServiceDefinition as _vais_remote_v1_IdentityServiceDefinition } from './vais/remote/v1/IdentityService.ts';
import type { ListDevelopersRequest as _vais_remote_v1_ListDevelopersRequest, ListDevelopersRequest__Output as _vais_remote_v1_ListDevelopersRequest__Output } from './vais/remote/v1/ListDevelopersRequest.ts';
import type { ListDevelopersResponse as _vais_remote_v1_ListDevelopersResponse, ListDevelopersResponse__Output as _vais_remote_v1_ListDevelopersResponse__Output } from './vais/remote/v1/ListDevelopersResponse.ts';
import type { ListHistoryRequest as _vais_remote_v1_ListHistoryRequest, ListHistoryRequest__Output as _vais_remote_v1_ListHistoryRequest__Output } from './vais/remote/v1/ListHistoryRequest.ts';
import type { ListHistoryResponse as _vais_remote_v1_ListHistoryResponse, ListHistoryResponse__Output as _vais_remote_v1_ListHistoryResponse__Output } from './vais/remote/v1/ListHistoryResponse.ts';
import type { Loaded as _vais_remote_v1_Loaded, Loaded__Output as _vais_remote_v1_Loaded__Output } from './vais/remote/v1/Loaded.ts';
import type { Manifest as _vais_remote_v1_Manifest, Manifest__Output as _vais_remote_v1_Manifest__Output } from './vais/remote/v1/Manifest.ts';
import type { Module as _vais_remote_v1_Module, Module__Output as _vais_remote_v1_Module__Output } from './vais/remote/v1/Module.ts';
import type { Nack as _vais_remote_v1_Nack, Nack__Output as _vais_remote_v1_Nack__Output } from './vais/remote/v1/Nack.ts';
import type { Offer as _vais_remote_v1_Offer, Offer__Output as _vais_remote_v1_Offer__Output } from './vais/remote/v1/Offer.ts';
import type { Open as _vais_remote_v1_Open, Open__Output as _vais_remote_v1_Open__Output } from './vais/remote/v1/Open.ts';
import type { PairRequest as _vais_remote_v1_PairRequest, PairRequest__Output as _vais_remote_v1_PairRequest__Output } from './vais/remote/v1/PairRequest.ts';
import type { PairResponse as _vais_remote_v1_PairResponse, PairResponse__Output as _vais_remote_v1_PairResponse__Output } from './vais/remote/v1/PairResponse.ts';
import type { PairServiceClient as _vais_remote_v1_PairServiceClient, PairServiceDefinition as _vais_remote_v1_PairServiceDefinition } from './vais/remote/v1/PairService.ts';
import type { Program as _vais_remote_v1_Program, Program__Output as _vais_remote_v1_Program__Output } from './vais/remote/v1/Program.ts';
import type { Progress as _vais_remote_v1_Progress, Progress__Output as _vais_remote_v1_Progress__Output } from './vais/remote/v1/Progress.ts';
import type { QuarantinedFile as _vais_remote_v1_QuarantinedFile, QuarantinedFile__Output as _vais_remote_v1_QuarantinedFile__Output } from './vais/remote/v1/QuarantinedFile.ts';
import type { ReadLogRequest as _vais_remote_v1_ReadLogRequest, ReadLogRequest__Output as _vais_remote_v1_ReadLogRequest__Output } from './vais/remote/v1/ReadLogRequest.ts';
import type { ReadLogResponse as _vais_remote_v1_ReadLogResponse, ReadLogResponse__Output as _vais_remote_v1_ReadLogResponse__Output } from './vais/remote/v1/ReadLogResponse.ts';
import type { Received as _vais_remote_v1_Received, Received__Output as _vais_remote_v1_Received__Output } from './vais/remote/v1/Received.ts';
import type { Refused as _vais_remote_v1_Refused, Refused__Output as _vais_remote_v1_Refused__Output } from './vais/remote/v1/Refused.ts';
import type { RenewRequest as _vais_remote_v1_RenewRequest, RenewRequest__Output as _vais_remote_v1_RenewRequest__Output } from './vais/remote/v1/RenewRequest.ts';
import type { RenewResponse as _vais_remote_v1_RenewResponse, RenewResponse__Output as _vais_remote_v1_RenewResponse__Output } from './vais/remote/v1/RenewResponse.ts';
import type { Reverted as _vais_remote_v1_Reverted, Reverted__Output as _vais_remote_v1_Reverted__Output } from './vais/remote/v1/Reverted.ts';
import type { RevokeDeveloperRequest as _vais_remote_v1_RevokeDeveloperRequest, RevokeDeveloperRequest__Output as _vais_remote_v1_RevokeDeveloperRequest__Output } from './vais/remote/v1/RevokeDeveloperRequest.ts';
import type { RevokeDeveloperResponse as _vais_remote_v1_RevokeDeveloperResponse, RevokeDeveloperResponse__Output as _vais_remote_v1_RevokeDeveloperResponse__Output } from './vais/remote/v1/RevokeDeveloperResponse.ts';
import type { RollbackRequest as _vais_remote_v1_RollbackRequest, RollbackRequest__Output as _vais_remote_v1_RollbackRequest__Output } from './vais/remote/v1/RollbackRequest.ts';
import type { RollbackResponse as _vais_remote_v1_RollbackResponse, RollbackResponse__Output as _vais_remote_v1_RollbackResponse__Output } from './vais/remote/v1/RollbackResponse.ts';
import type { SessionRequest as _vais_remote_v1_SessionRequest, SessionRequest__Output as _vais_remote_v1_SessionRequest__Output } from './vais/remote/v1/SessionRequest.ts';
import type { SessionResponse as _vais_remote_v1_SessionResponse, SessionResponse__Output as _vais_remote_v1_SessionResponse__Output } from './vais/remote/v1/SessionResponse.ts';
import type { Signature as _vais_remote_v1_Signature, Signature__Output as _vais_remote_v1_Signature__Output } from './vais/remote/v1/Signature.ts';
import type { Staged as _vais_remote_v1_Staged, Staged__Output as _vais_remote_v1_Staged__Output } from './vais/remote/v1/Staged.ts';
import type { State as _vais_remote_v1_State, State__Output as _vais_remote_v1_State__Output } from './vais/remote/v1/State.ts';
import type { Storage as _vais_remote_v1_Storage, Storage__Output as _vais_remote_v1_Storage__Output } from './vais/remote/v1/Storage.ts';
import type { Superseded as _vais_remote_v1_Superseded, Superseded__Output as _vais_remote_v1_Superseded__Output } from './vais/remote/v1/Superseded.ts';
import type { Swapped as _vais_remote_v1_Swapped, Swapped__Output as _vais_remote_v1_Swapped__Output } from './vais/remote/v1/Swapped.ts';
import type { Taken as _vais_remote_v1_Taken, Taken__Output as _vais_remote_v1_Taken__Output } from './vais/remote/v1/Taken.ts';
import type { Unchanged as _vais_remote_v1_Unchanged, Unchanged__Output as _vais_remote_v1_Unchanged__Output } from './vais/remote/v1/Unchanged.ts';
import type { Verified as _vais_remote_v1_Verified, Verified__Output as _vais_remote_v1_Verified__Output } from './vais/remote/v1/Verified.ts';
import type { Waiting as _vais_remote_v1_Waiting, Waiting__Output as _vais_remote_v1_Waiting__Output } from './vais/remote/v1/Waiting.ts';
import type { Want as _vais_remote_v1_Want, Want__Output as _vais_remote_v1_Want__Output } from './vais/remote/v1/Want.ts';
import type { Warning as _vais_remote_v1_Warning, Warning__Output as _vais_remote_v1_Warning__Output } from './vais/remote/v1/Warning.ts';
import type { WatchEventsRequest as _vais_remote_v1_WatchEventsRequest, WatchEventsRequest__Output as _vais_remote_v1_WatchEventsRequest__Output } from './vais/remote/v1/WatchEventsRequest.ts';
import type { WatchEventsResponse as _vais_remote_v1_WatchEventsResponse, WatchEventsResponse__Output as _vais_remote_v1_WatchEventsResponse__Output } from './vais/remote/v1/WatchEventsResponse.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  vais: {
    remote: {
      v1: {
        Ack: MessageTypeDefinition<_vais_remote_v1_Ack, _vais_remote_v1_Ack__Output>
        AdminService: SubtypeConstructor<typeof grpc.Client, _vais_remote_v1_AdminServiceClient> & { service: _vais_remote_v1_AdminServiceDefinition }
        AgentService: SubtypeConstructor<typeof grpc.Client, _vais_remote_v1_AgentServiceClient> & { service: _vais_remote_v1_AgentServiceDefinition }
        Checked: MessageTypeDefinition<_vais_remote_v1_Checked, _vais_remote_v1_Checked__Output>
        Chunk: MessageTypeDefinition<_vais_remote_v1_Chunk, _vais_remote_v1_Chunk__Output>
        Compression: EnumTypeDefinition
        Confirmed: MessageTypeDefinition<_vais_remote_v1_Confirmed, _vais_remote_v1_Confirmed__Output>
        CreateTokenRequest: MessageTypeDefinition<_vais_remote_v1_CreateTokenRequest, _vais_remote_v1_CreateTokenRequest__Output>
        CreateTokenResponse: MessageTypeDefinition<_vais_remote_v1_CreateTokenResponse, _vais_remote_v1_CreateTokenResponse__Output>
        Delivered: MessageTypeDefinition<_vais_remote_v1_Delivered, _vais_remote_v1_Delivered__Output>
        Delta: MessageTypeDefinition<_vais_remote_v1_Delta, _vais_remote_v1_Delta__Output>
        Developer: MessageTypeDefinition<_vais_remote_v1_Developer, _vais_remote_v1_Developer__Output>
        Event: MessageTypeDefinition<_vais_remote_v1_Event, _vais_remote_v1_Event__Output>
        Failure: MessageTypeDefinition<_vais_remote_v1_Failure, _vais_remote_v1_Failure__Output>
        GetStatusRequest: MessageTypeDefinition<_vais_remote_v1_GetStatusRequest, _vais_remote_v1_GetStatusRequest__Output>
        GetStatusResponse: MessageTypeDefinition<_vais_remote_v1_GetStatusResponse, _vais_remote_v1_GetStatusResponse__Output>
        HistoryEntry: MessageTypeDefinition<_vais_remote_v1_HistoryEntry, _vais_remote_v1_HistoryEntry__Output>
        IdentityService: SubtypeConstructor<typeof grpc.Client, _vais_remote_v1_IdentityServiceClient> & { service: _vais_remote_v1_IdentityServiceDefinition }
        ListDevelopersRequest: MessageTypeDefinition<_vais_remote_v1_ListDevelopersRequest, _vais_remote_v1_ListDevelopersRequest__Output>
        ListDevelopersResponse: MessageTypeDefinition<_vais_remote_v1_ListDevelopersResponse, _vais_remote_v1_ListDevelopersResponse__Output>
        ListHistoryRequest: MessageTypeDefinition<_vais_remote_v1_ListHistoryRequest, _vais_remote_v1_ListHistoryRequest__Output>
        ListHistoryResponse: MessageTypeDefinition<_vais_remote_v1_ListHistoryResponse, _vais_remote_v1_ListHistoryResponse__Output>
        Loaded: MessageTypeDefinition<_vais_remote_v1_Loaded, _vais_remote_v1_Loaded__Output>
        Loading: EnumTypeDefinition
        Manifest: MessageTypeDefinition<_vais_remote_v1_Manifest, _vais_remote_v1_Manifest__Output>
        Module: MessageTypeDefinition<_vais_remote_v1_Module, _vais_remote_v1_Module__Output>
        ModuleState: EnumTypeDefinition
        Nack: MessageTypeDefinition<_vais_remote_v1_Nack, _vais_remote_v1_Nack__Output>
        Offer: MessageTypeDefinition<_vais_remote_v1_Offer, _vais_remote_v1_Offer__Output>
        Open: MessageTypeDefinition<_vais_remote_v1_Open, _vais_remote_v1_Open__Output>
        Origin: EnumTypeDefinition
        Outcome: EnumTypeDefinition
        PairRequest: MessageTypeDefinition<_vais_remote_v1_PairRequest, _vais_remote_v1_PairRequest__Output>
        PairResponse: MessageTypeDefinition<_vais_remote_v1_PairResponse, _vais_remote_v1_PairResponse__Output>
        PairService: SubtypeConstructor<typeof grpc.Client, _vais_remote_v1_PairServiceClient> & { service: _vais_remote_v1_PairServiceDefinition }
        Program: MessageTypeDefinition<_vais_remote_v1_Program, _vais_remote_v1_Program__Output>
        Progress: MessageTypeDefinition<_vais_remote_v1_Progress, _vais_remote_v1_Progress__Output>
        QuarantinedFile: MessageTypeDefinition<_vais_remote_v1_QuarantinedFile, _vais_remote_v1_QuarantinedFile__Output>
        ReadLogRequest: MessageTypeDefinition<_vais_remote_v1_ReadLogRequest, _vais_remote_v1_ReadLogRequest__Output>
        ReadLogResponse: MessageTypeDefinition<_vais_remote_v1_ReadLogResponse, _vais_remote_v1_ReadLogResponse__Output>
        Received: MessageTypeDefinition<_vais_remote_v1_Received, _vais_remote_v1_Received__Output>
        Refused: MessageTypeDefinition<_vais_remote_v1_Refused, _vais_remote_v1_Refused__Output>
        RenewRequest: MessageTypeDefinition<_vais_remote_v1_RenewRequest, _vais_remote_v1_RenewRequest__Output>
        RenewResponse: MessageTypeDefinition<_vais_remote_v1_RenewResponse, _vais_remote_v1_RenewResponse__Output>
        Reverted: MessageTypeDefinition<_vais_remote_v1_Reverted, _vais_remote_v1_Reverted__Output>
        RevokeDeveloperRequest: MessageTypeDefinition<_vais_remote_v1_RevokeDeveloperRequest, _vais_remote_v1_RevokeDeveloperRequest__Output>
        RevokeDeveloperResponse: MessageTypeDefinition<_vais_remote_v1_RevokeDeveloperResponse, _vais_remote_v1_RevokeDeveloperResponse__Output>
        RollbackRequest: MessageTypeDefinition<_vais_remote_v1_RollbackRequest, _vais_remote_v1_RollbackRequest__Output>
        RollbackResponse: MessageTypeDefinition<_vais_remote_v1_RollbackResponse, _vais_remote_v1_RollbackResponse__Output>
        SessionRequest: MessageTypeDefinition<_vais_remote_v1_SessionRequest, _vais_remote_v1_SessionRequest__Output>
        SessionResponse: MessageTypeDefinition<_vais_remote_v1_SessionResponse, _vais_remote_v1_SessionResponse__Output>
        Signature: MessageTypeDefinition<_vais_remote_v1_Signature, _vais_remote_v1_Signature__Output>
        Staged: MessageTypeDefinition<_vais_remote_v1_Staged, _vais_remote_v1_Staged__Output>
        State: MessageTypeDefinition<_vais_remote_v1_State, _vais_remote_v1_State__Output>
        Storage: MessageTypeDefinition<_vais_remote_v1_Storage, _vais_remote_v1_Storage__Output>
        Superseded: MessageTypeDefinition<_vais_remote_v1_Superseded, _vais_remote_v1_Superseded__Output>
        Swapped: MessageTypeDefinition<_vais_remote_v1_Swapped, _vais_remote_v1_Swapped__Output>
        Taken: MessageTypeDefinition<_vais_remote_v1_Taken, _vais_remote_v1_Taken__Output>
        Tier: EnumTypeDefinition
        Unchanged: MessageTypeDefinition<_vais_remote_v1_Unchanged, _vais_remote_v1_Unchanged__Output>
        Verified: MessageTypeDefinition<_vais_remote_v1_Verified, _vais_remote_v1_Verified__Output>
        Waiting: MessageTypeDefinition<_vais_remote_v1_Waiting, _vais_remote_v1_Waiting__Output>
        Want: MessageTypeDefinition<_vais_remote_v1_Want, _vais_remote_v1_Want__Output>
        Warning: MessageTypeDefinition<_vais_remote_v1_Warning, _vais_remote_v1_Warning__Output>
        WatchEventsRequest: MessageTypeDefinition<_vais_remote_v1_WatchEventsRequest, _vais_remote_v1_WatchEventsRequest__Output>
        WatchEventsResponse: MessageTypeDefinition<_vais_remote_v1_WatchEventsResponse, _vais_remote_v1_WatchEventsResponse__Output>
      }
    }
  }
}

