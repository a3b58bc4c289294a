// Original file: proto/vais/remote/v1/agent.proto

import type { Tier as _vais_remote_v1_Tier, Tier__Output as _vais_remote_v1_Tier__Output } from '../../../vais/remote/v1/Tier.ts';
import type { Long } from '@grpc/proto-loader';

export interface Manifest {
  'program'?: (string);
  'module'?: (string);
  'triple'?: (string);
  'digest'?: (string);
  'size'?: (number | string | Long);
  'parentVersion'?: (number | string | Long);
  'tier'?: (_vais_remote_v1_Tier);
  'buildId'?: (string);
  'refines'?: (string);
  'group'?: (string);
  'groupSize'?: (number);
}

export interface Manifest__Output {
  'program': (string);
  'module': (string);
  'triple': (string);
  'digest': (string);
  'size': (number);
  'parentVersion': (number);
  'tier': (_vais_remote_v1_Tier__Output);
  'buildId': (string);
  'refines': (string);
  'group': (string);
  'groupSize': (number);
}
