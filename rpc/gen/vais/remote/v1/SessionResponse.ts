// Original file: proto/vais/remote/v1/agent.proto

import type { State as _vais_remote_v1_State, State__Output as _vais_remote_v1_State__Output } from '../../../vais/remote/v1/State.ts';
import type { Want as _vais_remote_v1_Want, Want__Output as _vais_remote_v1_Want__Output } from '../../../vais/remote/v1/Want.ts';
import type { Progress as _vais_remote_v1_Progress, Progress__Output as _vais_remote_v1_Progress__Output } from '../../../vais/remote/v1/Progress.ts';
import type { Ack as _vais_remote_v1_Ack, Ack__Output as _vais_remote_v1_Ack__Output } from '../../../vais/remote/v1/Ack.ts';
import type { Nack as _vais_remote_v1_Nack, Nack__Output as _vais_remote_v1_Nack__Output } from '../../../vais/remote/v1/Nack.ts';
import type { Taken as _vais_remote_v1_Taken, Taken__Output as _vais_remote_v1_Taken__Output } from '../../../vais/remote/v1/Taken.ts';

export interface SessionResponse {
  'state'?: (_vais_remote_v1_State | null);
  'want'?: (_vais_remote_v1_Want | null);
  'progress'?: (_vais_remote_v1_Progress | null);
  'ack'?: (_vais_remote_v1_Ack | null);
  'nack'?: (_vais_remote_v1_Nack | null);
  'taken'?: (_vais_remote_v1_Taken | null);
  'kind'?: "state"|"want"|"progress"|"ack"|"nack"|"taken";
}

export interface SessionResponse__Output {
  'state'?: (_vais_remote_v1_State__Output | null);
  'want'?: (_vais_remote_v1_Want__Output | null);
  'progress'?: (_vais_remote_v1_Progress__Output | null);
  'ack'?: (_vais_remote_v1_Ack__Output | null);
  'nack'?: (_vais_remote_v1_Nack__Output | null);
  'taken'?: (_vais_remote_v1_Taken__Output | null);
  'kind'?: "state"|"want"|"progress"|"ack"|"nack"|"taken";
}
