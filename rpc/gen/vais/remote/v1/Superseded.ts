// Original file: proto/vais/remote/v1/agent.proto

import type { Failure as _vais_remote_v1_Failure, Failure__Output as _vais_remote_v1_Failure__Output } from '../../../vais/remote/v1/Failure.ts';

export interface Superseded {
  'reason'?: (_vais_remote_v1_Failure | null);
  'by'?: (string);
}

export interface Superseded__Output {
  'reason': (_vais_remote_v1_Failure__Output | null);
  'by': (string);
}
