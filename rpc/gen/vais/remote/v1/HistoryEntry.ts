// Original file: proto/vais/remote/v1/agent.proto

import type { Outcome as _vais_remote_v1_Outcome, Outcome__Output as _vais_remote_v1_Outcome__Output } from '../../../vais/remote/v1/Outcome.ts';
import type { Origin as _vais_remote_v1_Origin, Origin__Output as _vais_remote_v1_Origin__Output } from '../../../vais/remote/v1/Origin.ts';
import type { Tier as _vais_remote_v1_Tier, Tier__Output as _vais_remote_v1_Tier__Output } from '../../../vais/remote/v1/Tier.ts';
import type { Failure as _vais_remote_v1_Failure, Failure__Output as _vais_remote_v1_Failure__Output } from '../../../vais/remote/v1/Failure.ts';
import type { Long } from '@grpc/proto-loader';

export interface HistoryEntry {
  'version'?: (number | string | Long);
  'outcome'?: (_vais_remote_v1_Outcome);
  'origin'?: (_vais_remote_v1_Origin);
  'digest'?: (string);
  'buildId'?: (string);
  'tier'?: (_vais_remote_v1_Tier);
  'atUnixMs'?: (number | string | Long);
  'reason'?: (_vais_remote_v1_Failure | null);
  'desired'?: (boolean);
  'rollbackTo'?: (number | string | Long);
  'fastDigest'?: (string);
  'fastBuildId'?: (string);
  'together'?: (string)[];
  'unchecked'?: (boolean);
  'cleaned'?: (boolean);
  'developer'?: (string);
}

export interface HistoryEntry__Output {
  'version': (number);
  'outcome': (_vais_remote_v1_Outcome__Output);
  'origin': (_vais_remote_v1_Origin__Output);
  'digest': (string);
  'buildId': (string);
  'tier': (_vais_remote_v1_Tier__Output);
  'atUnixMs': (number);
  'reason': (_vais_remote_v1_Failure__Output | null);
  'desired': (boolean);
  'rollbackTo': (number);
  'fastDigest': (string);
  'fastBuildId': (string);
  'together': (string)[];
  'unchecked': (boolean);
  'cleaned': (boolean);
  'developer': (string);
}
