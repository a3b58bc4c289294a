// Original file: proto/vais/remote/v1/agent.proto

import type { Signature as _vais_remote_v1_Signature, Signature__Output as _vais_remote_v1_Signature__Output } from '../../../vais/remote/v1/Signature.ts';
import type { Long } from '@grpc/proto-loader';

export interface RollbackRequest {
  'program'?: (string);
  'module'?: (string);
  'version'?: (number | string | Long);
  'elapsedUs'?: (number | string | Long);
  'signature'?: (_vais_remote_v1_Signature | null);
  'parentVersion'?: (number | string | Long);
}

export interface RollbackRequest__Output {
  'program': (string);
  'module': (string);
  'version': (number);
  'elapsedUs': (number);
  'signature': (_vais_remote_v1_Signature__Output | null);
  'parentVersion': (number);
}
