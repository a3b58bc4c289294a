// Original file: proto/vais/remote/v1/agent.proto

import type { Failure as _vais_remote_v1_Failure, Failure__Output as _vais_remote_v1_Failure__Output } from '../../../vais/remote/v1/Failure.ts';

export interface Refused {
  'reason'?: (_vais_remote_v1_Failure | null);
}

export interface Refused__Output {
  'reason': (_vais_remote_v1_Failure__Output | null);
}
