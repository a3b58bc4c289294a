// Original file: proto/vais/remote/v1/agent.proto

import type { Event as _vais_remote_v1_Event, Event__Output as _vais_remote_v1_Event__Output } from '../../../vais/remote/v1/Event.ts';
import type { Warning as _vais_remote_v1_Warning, Warning__Output as _vais_remote_v1_Warning__Output } from '../../../vais/remote/v1/Warning.ts';

export interface WatchEventsResponse {
  'event'?: (_vais_remote_v1_Event | null);
  'warning'?: (_vais_remote_v1_Warning | null);
}

export interface WatchEventsResponse__Output {
  'event': (_vais_remote_v1_Event__Output | null);
  'warning': (_vais_remote_v1_Warning__Output | null);
}
