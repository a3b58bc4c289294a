// Original file: proto/vais/remote/v1/agent.proto

import type { Event as _vais_remote_v1_Event, Event__Output as _vais_remote_v1_Event__Output } from '../../../vais/remote/v1/Event.ts';
import type { Long } from '@grpc/proto-loader';

export interface Progress {
  'nonce'?: (number | string | Long);
  'event'?: (_vais_remote_v1_Event | null);
}

export interface Progress__Output {
  'nonce': (number);
  'event': (_vais_remote_v1_Event__Output | null);
}
