import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Ack as _vais_remote_v1_Ack, Ack__Output as _vais_remote_v1_Ack__Output } from './vais/remote/v1/Ack.ts';
import type { AgentServiceClient as _vais_remote_v1_AgentServiceClient, AgentServiceDefinition as _vais_remote_v1_AgentServiceDefinition } from './vais/remote/v1/AgentService.ts';
import type { Chunk as _vais_remote_v1_Chunk, Chunk__Output as _vais_remote_v1_Chunk__Output } from './vais/remote/v1/Chunk.ts';
import type { Event as _vais_remote_v1_Event, Event__Output as _vais_remote_v1_Event__Output } from './vais/remote/v1/Event.ts';
import type { Failure as _vais_remote_v1_Failure, Failure__Output as _vais_remote_v1_Failure__Output } from './vais/remote/v1/Failure.ts';
import type { GetStatusRequest as _vais_remote_v1_GetStatusRequest, GetStatusRequest__Output as _vais_remote_v1_GetStatusRequest__Output } from './vais/remote/v1/GetStatusRequest.ts';
import type { GetStatusResponse as _vais_remote_v1_GetStatusResponse, GetStatusResponse__Output as _vais_remote_v1_GetStatusResponse__Output } from './vais/remote/v1/GetStatusResponse.ts';
import type { HistoryEntry as _vais_remote_v1_HistoryEntry, HistoryEntry__Output as _vais_remote_v1_HistoryEntry__Output } from './vais/remote/v1/HistoryEntry.ts';
import type { ListHistoryRequest as _vais_remote_v1_ListHistoryRequest, ListHistoryRequest__Output as _vais_remote_v1_ListHistoryRequest__Output } from './vais/remote/v1/ListHistoryRequest.ts';
import type { ListHistoryResponse as _vais_remote_v1_ListHistoryResponse, ListHistoryResponse__Output as _vais_remote_v1_ListHistoryResponse__Output } from './vais/remote/v1/ListHistoryResponse.ts';
import type { Manifest as _vais_remote_v1_Manifest, Manifest__Output as _vais_remote_v1_Manifest__Output } from './vais/remote/v1/Manifest.ts';
import type { Module as _vais_remote_v1_Module, Module__Output as _vais_remote_v1_Module__Output } from './vais/remote/v1/Module.ts';
import type { Nack as _vais_remote_v1_Nack, Nack__Output as _vais_remote_v1_Nack__Output } from './vais/remote/v1/Nack.ts';
import type { Offer as _vais_remote_v1_Offer, Offer__Output as _vais_remote_v1_Offer__Output } from './vais/remote/v1/Offer.ts';
import type { Open as _vais_remote_v1_Open, Open__Output as _vais_remote_v1_Open__Output } from './vais/remote/v1/Open.ts';
import type { Program as _vais_remote_v1_Program, Program__Output as _vais_remote_v1_Program__Output } from './vais/remote/v1/Program.ts';
import type { Progress as _vais_remote_v1_Progress, Progress__Output as _vais_remote_v1_Progress__Output } from './vais/remote/v1/Progress.ts';
import type { RollbackRequest as _vais_remote_v1_RollbackRequest, RollbackRequest__Output as _vais_remote_v1_RollbackRequest__Output } from './vais/remote/v1/RollbackRequest.ts';
import type { RollbackResponse as _vais_remote_v1_RollbackResponse, RollbackResponse__Output as _vais_remote_v1_RollbackResponse__Output } from './vais/remote/v1/RollbackResponse.ts';
import type { SessionRequest as _vais_remote_v1_SessionRequest, SessionRequest__Output as _vais_remote_v1_SessionRequest__Output } from './vais/remote/v1/SessionRequest.ts';
import type { SessionResponse as _vais_remote_v1_SessionResponse, SessionResponse__Output as _vais_remote_v1_SessionResponse__Output } from './vais/remote/v1/SessionResponse.ts';
import type { State as _vais_remote_v1_State, State__Output as _vais_remote_v1_State__Output } from './vais/remote/v1/State.ts';
import type { Want as _vais_remote_v1_Want, Want__Output as _vais_remote_v1_Want__Output } from './vais/remote/v1/Want.ts';
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
        AgentService: SubtypeConstructor<typeof grpc.Client, _vais_remote_v1_AgentServiceClient> & { service: _vais_remote_v1_AgentServiceDefinition }
        Chunk: MessageTypeDefinition<_vais_remote_v1_Chunk, _vais_remote_v1_Chunk__Output>
        Event: MessageTypeDefinition<_vais_remote_v1_Event, _vais_remote_v1_Event__Output>
        Failure: MessageTypeDefinition<_vais_remote_v1_Failure, _vais_remote_v1_Failure__Output>
        GetStatusRequest: MessageTypeDefinition<_vais_remote_v1_GetStatusRequest, _vais_remote_v1_GetStatusRequest__Output>
        GetStatusResponse: MessageTypeDefinition<_vais_remote_v1_GetStatusResponse, _vais_remote_v1_GetStatusResponse__Output>
        HistoryEntry: MessageTypeDefinition<_vais_remote_v1_HistoryEntry, _vais_remote_v1_HistoryEntry__Output>
        ListHistoryRequest: MessageTypeDefinition<_vais_remote_v1_ListHistoryRequest, _vais_remote_v1_ListHistoryRequest__Output>
        ListHistoryResponse: MessageTypeDefinition<_vais_remote_v1_ListHistoryResponse, _vais_remote_v1_ListHistoryResponse__Output>
        Manifest: MessageTypeDefinition<_vais_remote_v1_Manifest, _vais_remote_v1_Manifest__Output>
        Module: MessageTypeDefinition<_vais_remote_v1_Module, _vais_remote_v1_Module__Output>
        ModuleState: EnumTypeDefinition
        Nack: MessageTypeDefinition<_vais_remote_v1_Nack, _vais_remote_v1_Nack__Output>
        Offer: MessageTypeDefinition<_vais_remote_v1_Offer, _vais_remote_v1_Offer__Output>
        Open: MessageTypeDefinition<_vais_remote_v1_Open, _vais_remote_v1_Open__Output>
        Origin: EnumTypeDefinition
        Outcome: EnumTypeDefinition
        Program: MessageTypeDefinition<_vais_remote_v1_Program, _vais_remote_v1_Program__Output>
        Progress: MessageTypeDefinition<_vais_remote_v1_Progress, _vais_remote_v1_Progress__Output>
        RollbackRequest: MessageTypeDefinition<_vais_remote_v1_RollbackRequest, _vais_remote_v1_RollbackRequest__Output>
        RollbackResponse: MessageTypeDefinition<_vais_remote_v1_RollbackResponse, _vais_remote_v1_RollbackResponse__Output>
        SessionRequest: MessageTypeDefinition<_vais_remote_v1_SessionRequest, _vais_remote_v1_SessionRequest__Output>
        SessionResponse: MessageTypeDefinition<_vais_remote_v1_SessionResponse, _vais_remote_v1_SessionResponse__Output>
        Stage: EnumTypeDefinition
        State: MessageTypeDefinition<_vais_remote_v1_State, _vais_remote_v1_State__Output>
        Tier: EnumTypeDefinition
        Undo: EnumTypeDefinition
        Want: MessageTypeDefinition<_vais_remote_v1_Want, _vais_remote_v1_Want__Output>
        WatchEventsRequest: MessageTypeDefinition<_vais_remote_v1_WatchEventsRequest, _vais_remote_v1_WatchEventsRequest__Output>
        WatchEventsResponse: MessageTypeDefinition<_vais_remote_v1_WatchEventsResponse, _vais_remote_v1_WatchEventsResponse__Output>
      }
    }
  }
}

