// Original file: proto/vais/remote/v1/agent.proto

import type { Failure as _vais_remote_v1_Failure, Failure__Output as _vais_remote_v1_Failure__Output } from '../../../vais/remote/v1/Failure.ts';
import type { Long } from '@grpc/proto-loader';

export interface Nack {
  'nonce'?: (number | string | Long);
  'runningVersion'?: (number | string | Long);
  'reason'?: (_vais_remote_v1_Failure | null);
}

export interface Nack__Output {
  'nonce': (number);
  'runningVersion': (number);
  'reason': (_vais_remote_v1_Failure__Output | null);
}
