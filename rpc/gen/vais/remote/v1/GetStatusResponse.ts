// Original file: proto/vais/remote/v1/agent.proto

import type { Program as _vais_remote_v1_Program, Program__Output as _vais_remote_v1_Program__Output } from '../../../vais/remote/v1/Program.ts';
import type { Storage as _vais_remote_v1_Storage, Storage__Output as _vais_remote_v1_Storage__Output } from '../../../vais/remote/v1/Storage.ts';
import type { Long } from '@grpc/proto-loader';

export interface GetStatusResponse {
  'agentVersion'?: (string);
  'insecure'?: (boolean);
  'programs'?: (_vais_remote_v1_Program)[];
  'agentId'?: (string);
  'lastSequence'?: (number | string | Long);
  'developer'?: (string);
  'storage'?: (_vais_remote_v1_Storage | null);
  'awaited'?: (string)[];
}

export interface GetStatusResponse__Output {
  'agentVersion': (string);
  'insecure': (boolean);
  'programs': (_vais_remote_v1_Program__Output)[];
  'agentId': (string);
  'lastSequence': (number);
  'developer': (string);
  'storage': (_vais_remote_v1_Storage__Output | null);
  'awaited': (string)[];
}
