// Original file: proto/vais/remote/v1/agent.proto

import type { Failure as _vais_remote_v1_Failure, Failure__Output as _vais_remote_v1_Failure__Output } from '../../../vais/remote/v1/Failure.ts';
import type { Long } from '@grpc/proto-loader';

export interface Reverted {
  'reason'?: (_vais_remote_v1_Failure | null);
  'signal'?: (string);
  'function'?: (string);
  'line'?: (number | string | Long);
  'source'?: (string);
  'symbol'?: (string);
  'trace'?: (number | string | Long)[];
  'undone'?: (boolean);
  '_line'?: "line";
  '_undone'?: "undone";
}

export interface Reverted__Output {
  'reason': (_vais_remote_v1_Failure__Output | null);
  'signal': (string);
  'function': (string);
  'line'?: (number);
  'source': (string);
  'symbol': (string);
  'trace': (number)[];
  'undone'?: (boolean);
  '_line'?: "line";
  '_undone'?: "undone";
}
