// Original file: proto/vais/remote/v1/agent.proto

import type { Program as _vais_remote_v1_Program, Program__Output as _vais_remote_v1_Program__Output } from '../../../vais/remote/v1/Program.ts';
import type { Long } from '@grpc/proto-loader';

export interface State {
  'agentVersion'?: (string);
  'insecure'?: (boolean);
  'programs'?: (_vais_remote_v1_Program)[];
  'agentId'?: (string);
  'lastSequence'?: (number | string | Long);
  'awaited'?: (string)[];
}

export interface State__Output {
  'agentVersion': (string);
  'insecure': (boolean);
  'programs': (_vais_remote_v1_Program__Output)[];
  'agentId': (string);
  'lastSequence': (number);
  'awaited': (string)[];
}
