// Original file: proto/vais/remote/v1/agent.proto

import type { ModuleState as _vais_remote_v1_ModuleState, ModuleState__Output as _vais_remote_v1_ModuleState__Output } from '../../../vais/remote/v1/ModuleState.ts';
import type { Long } from '@grpc/proto-loader';

export interface Module {
  'name'?: (string);
  'source'?: (string);
  'version'?: (number | string | Long);
  'buildId'?: (string);
  'baseBuildId'?: (string);
  'digest'?: (string);
  'state'?: (_vais_remote_v1_ModuleState);
  'desiredVersion'?: (number | string | Long);
  'contract'?: (string)[];
  'unchecked'?: (boolean);
}

export interface Module__Output {
  'name': (string);
  'source': (string);
  'version': (number);
  'buildId': (string);
  'baseBuildId': (string);
  'digest': (string);
  'state': (_vais_remote_v1_ModuleState__Output);
  'desiredVersion': (number);
  'contract': (string)[];
  'unchecked': (boolean);
}
