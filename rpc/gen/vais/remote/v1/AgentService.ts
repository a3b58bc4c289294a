// Original file: proto/vais/remote/v1/agent.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GetStatusRequest as _vais_remote_v1_GetStatusRequest, GetStatusRequest__Output as _vais_remote_v1_GetStatusRequest__Output } from '../../../vais/remote/v1/GetStatusRequest.ts';
import type { GetStatusResponse as _vais_remote_v1_GetStatusResponse, GetStatusResponse__Output as _vais_remote_v1_GetStatusResponse__Output } from '../../../vais/remote/v1/GetStatusResponse.ts';
import type { ListHistoryRequest as _vais_remote_v1_ListHistoryRequest, ListHistoryRequest__Output as _vais_remote_v1_ListHistoryRequest__Output } from '../../../vais/remote/v1/ListHistoryRequest.ts';
import type { ListHistoryResponse as _vais_remote_v1_ListHistoryResponse, ListHistoryResponse__Output as _vais_remote_v1_ListHistoryResponse__Output } from '../../../vais/remote/v1/ListHistoryResponse.ts';
import type { ReadLogRequest as _vais_remote_v1_ReadLogRequest, ReadLogRequest__Output as _vais_remote_v1_ReadLogRequest__Output } from '../../../vais/remote/v1/ReadLogRequest.ts';
import type { ReadLogResponse as _vais_remote_v1_ReadLogResponse, ReadLogResponse__Output as _vais_remote_v1_ReadLogResponse__Output } from '../../../vais/remote/v1/ReadLogResponse.ts';
import type { RollbackRequest as _vais_remote_v1_RollbackRequest, RollbackRequest__Output as _vais_remote_v1_RollbackRequest__Output } from '../../../vais/remote/v1/RollbackRequest.ts';
import type { RollbackResponse as _vais_remote_v1_RollbackResponse, RollbackResponse__Output as _vais_remote_v1_RollbackResponse__Output } from '../../../vais/remote/v1/RollbackResponse.ts';
import type { SessionRequest as _vais_remote_v1_SessionRequest, SessionRequest__Output as _vais_remote_v1_SessionRequest__Output } from '../../../vais/remote/v1/SessionRequest.ts';
import type { SessionResponse as _vais_remote_v1_SessionResponse, SessionResponse__Output as _vais_remote_v1_SessionResponse__Output } from '../../../vais/remote/v1/SessionResponse.ts';
import type { WatchEventsRequest as _vais_remote_v1_WatchEventsRequest, WatchEventsRequest__Output as _vais_remote_v1_WatchEventsRequest__Output } from '../../../vais/remote/v1/WatchEventsRequest.ts';
import type { WatchEventsResponse as _vais_remote_v1_WatchEventsResponse, WatchEventsResponse__Output as _vais_remote_v1_WatchEventsResponse__Output } from '../../../vais/remote/v1/WatchEventsResponse.ts';

export interface AgentServiceClient extends grpc.Client {
  GetStatus(argument: _vais_remote_v1_GetStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _vais_remote_v1_GetStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_vais_remote_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _vais_remote_v1_GetStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _vais_remote_v1_GetStatusRequest, callback: grpc.requestCallback<_vais_remote_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _vais_remote_v1_GetStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _vais_remote_v1_GetStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_vais_remote_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _vais_remote_v1_GetStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _vais_remote_v1_GetStatusRequest, callback: grpc.requestCallback<_vais_remote_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  
  ListHistory(argument: _vais_remote_v1_ListHistoryRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_ListHistoryResponse__Output>): grpc.ClientUnaryCall;
  ListHistory(argument: _vais_remote_v1_ListHistoryRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_vais_remote_v1_ListHistoryResponse__Output>): grpc.ClientUnaryCall;
  ListHistory(argument: _vais_remote_v1_ListHistoryRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_ListHistoryResponse__Output>): grpc.ClientUnaryCall;
  ListHistory(argument: _vais_remote_v1_ListHistoryRequest, callback: grpc.requestCallback<_vais_remote_v1_ListHistoryResponse__Output>): grpc.ClientUnaryCall;
  listHistory(argument: _vais_remote_v1_ListHistoryRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_ListHistoryResponse__Output>): grpc.ClientUnaryCall;
  listHistory(argument: _vais_remote_v1_ListHistoryRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_vais_remote_v1_ListHistoryResponse__Output>): grpc.ClientUnaryCall;
  listHistory(argument: _vais_remote_v1_ListHistoryRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_vais_remote_v1_ListHistoryResponse__Output>): grpc.ClientUnaryCall;
  listHistory(argument: _vais_remote_v1_ListHistoryRequest, callback: grpc.requestCallback<_vais_remote_v1_ListHistoryResponse__Output>): grpc.ClientUnaryCall;
  
  ReadLog(argument: _vais_remote_v1_ReadLogRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_vais_remote_v1_ReadLogResponse__Output>;
  ReadLog(argument: _vais_remote_v1_ReadLogRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_vais_remote_v1_ReadLogResponse__Output>;
  readLog(argument: _vais_remote_v1_ReadLogRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_vais_remote_v1_ReadLogResponse__Output>;
  readLog(argument: _vais_remote_v1_ReadLogRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_vais_remote_v1_ReadLogResponse__Output>;
  
  Rollback(argument: _vais_remote_v1_RollbackRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_vais_remote_v1_RollbackResponse__Output>;
  Rollback(argument: _vais_remote_v1_RollbackRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_vais_remote_v1_RollbackResponse__Output>;
  rollback(argument: _vais_remote_v1_RollbackRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_vais_remote_v1_RollbackResponse__Output>;
  rollback(argument: _vais_remote_v1_RollbackRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_vais_remote_v1_RollbackResponse__Output>;
  
  Session(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_vais_remote_v1_SessionRequest, _vais_remote_v1_SessionResponse__Output>;
  Session(options?: grpc.CallOptions): grpc.ClientDuplexStream<_vais_remote_v1_SessionRequest, _vais_remote_v1_SessionResponse__Output>;
  session(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_vais_remote_v1_SessionRequest, _vais_remote_v1_SessionResponse__Output>;
  session(options?: grpc.CallOptions): grpc.ClientDuplexStream<_vais_remote_v1_SessionRequest, _vais_remote_v1_SessionResponse__Output>;
  
  WatchEvents(argument: _vais_remote_v1_WatchEventsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_vais_remote_v1_WatchEventsResponse__Output>;
  WatchEvents(argument: _vais_remote_v1_WatchEventsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_vais_remote_v1_WatchEventsResponse__Output>;
  watchEvents(argument: _vais_remote_v1_WatchEventsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_vais_remote_v1_WatchEventsResponse__Output>;
  watchEvents(argument: _vais_remote_v1_WatchEventsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_vais_remote_v1_WatchEventsResponse__Output>;
  
}

export interface AgentServiceHandlers extends grpc.UntypedServiceImplementation {
  GetStatus: grpc.handleUnaryCall<_vais_remote_v1_GetStatusRequest__Output, _vais_remote_v1_GetStatusResponse>;
  
  ListHistory: grpc.handleUnaryCall<_vais_remote_v1_ListHistoryRequest__Output, _vais_remote_v1_ListHistoryResponse>;
  
  ReadLog: grpc.handleServerStreamingCall<_vais_remote_v1_ReadLogRequest__Output, _vais_remote_v1_ReadLogResponse>;
  
  Rollback: grpc.handleServerStreamingCall<_vais_remote_v1_RollbackRequest__Output, _vais_remote_v1_RollbackResponse>;
  
  Session: grpc.handleBidiStreamingCall<_vais_remote_v1_SessionRequest__Output, _vais_remote_v1_SessionResponse>;
  
  WatchEvents: grpc.handleServerStreamingCall<_vais_remote_v1_WatchEventsRequest__Output, _vais_remote_v1_WatchEventsResponse>;
  
}

export interface AgentServiceDefinition extends grpc.ServiceDefinition {
  GetStatus: MethodDefinition<_vais_remote_v1_GetStatusRequest, _vais_remote_v1_GetStatusResponse, _vais_remote_v1_GetStatusRequest__Output, _vais_remote_v1_GetStatusResponse__Output>
  ListHistory: MethodDefinition<_vais_remote_v1_ListHistoryRequest, _vais_remote_v1_ListHistoryResponse, _vais_remote_v1_ListHistoryRequest__Output, _vais_remote_v1_ListHistoryResponse__Output>
  ReadLog: MethodDefinition<_vais_remote_v1_ReadLogRequest, _vais_remote_v1_ReadLogResponse, _vais_remote_v1_ReadLogRequest__Output, _vais_remote_v1_ReadLogResponse__Output>
  Rollback: MethodDefinition<_vais_remote_v1_RollbackRequest, _vais_remote_v1_RollbackResponse, _vais_remote_v1_RollbackRequest__Output, _vais_remote_v1_RollbackResponse__Output>
  Session: MethodDefinition<_vais_remote_v1_SessionRequest, _vais_remote_v1_SessionResponse, _vais_remote_v1_SessionRequest__Output, _vais_remote_v1_SessionResponse__Output>
  WatchEvents: MethodDefinition<_vais_remote_v1_WatchEventsRequest, _vais_remote_v1_WatchEventsResponse, _vais_remote_v1_WatchEventsRequest__Output, _vais_remote_v1_WatchEventsResponse__Output>
}
