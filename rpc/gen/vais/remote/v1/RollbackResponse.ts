// Original file: proto/vais/remote/v1/agent.proto

import type { Progress as _vais_remote_v1_Progress, Progress__Output as _vais_remote_v1_Progress__Output } from '../../../vais/remote/v1/Progress.ts';
import type { Ack as _vais_remote_v1_Ack, Ack__Output as _vais_remote_v1_Ack__Output } from '../../../vais/remote/v1/Ack.ts';
import type { Nack as _vais_remote_v1_Nack, Nack__Output as _vais_remote_v1_Nack__Output } from '../../../vais/remote/v1/Nack.ts';

export interface RollbackResponse {
  'progress'?: (_vais_remote_v1_Progress | null);
  'ack'?: (_vais_remote_v1_Ack | null);
  'nack'?: (_vais_remote_v1_Nack | null);
  'kind'?: "progress"|"ack"|"nack";
}

export interface RollbackResponse__Output {
  'progress'?: (_vais_remote_v1_Progress__Output | null);
  'ack'?: (_vais_remote_v1_Ack__Output | null);
  'nack'?: (_vais_remote_v1_Nack__Output | null);
  'kind'?: "progress"|"ack"|"nack";
}
