// Original file: proto/vais/remote/v1/agent.proto

import type { Module as _vais_remote_v1_Module, Module__Output as _vais_remote_v1_Module__Output } from '../../../vais/remote/v1/Module.ts';
import type { Loading as _vais_remote_v1_Loading, Loading__Output as _vais_remote_v1_Loading__Output } from '../../../vais/remote/v1/Loading.ts';
import type { Long } from '@grpc/proto-loader';

export interface Program {
  'name'?: (string);
  'pid'?: (number | string | Long);
  'triple'?: (string);
  'runtimeVersion'?: (string);
  'supervised'?: (boolean);
  'modules'?: (_vais_remote_v1_Module)[];
  'stateCount'?: (number | string | Long);
  'stateBytes'?: (number | string | Long);
  'loading'?: (_vais_remote_v1_Loading);
}

export interface Program__Output {
  'name': (string);
  'pid': (number);
  'triple': (string);
  'runtimeVersion': (string);
  'supervised': (boolean);
  'modules': (_vais_remote_v1_Module__Output)[];
  'stateCount': (number);
  'stateBytes': (number);
  'loading': (_vais_remote_v1_Loading__Output);
}
