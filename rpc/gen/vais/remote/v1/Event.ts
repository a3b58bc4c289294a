// Original file: proto/vais/remote/v1/agent.proto

import type { Stage as _vais_remote_v1_Stage, Stage__Output as _vais_remote_v1_Stage__Output } from '../../../vais/remote/v1/Stage.ts';
import type { Failure as _vais_remote_v1_Failure, Failure__Output as _vais_remote_v1_Failure__Output } from '../../../vais/remote/v1/Failure.ts';
import type { Origin as _vais_remote_v1_Origin, Origin__Output as _vais_remote_v1_Origin__Output } from '../../../vais/remote/v1/Origin.ts';
import type { Undo as _vais_remote_v1_Undo, Undo__Output as _vais_remote_v1_Undo__Output } from '../../../vais/remote/v1/Undo.ts';
import type { Long } from '@grpc/proto-loader';

export interface Event {
  'stage'?: (_vais_remote_v1_Stage);
  'program'?: (string);
  'module'?: (string);
  'version'?: (number | string | Long);
  'buildId'?: (string);
  'digest'?: (string);
  'pid'?: (number | string | Long);
  'elapsedUs'?: (number | string | Long);
  'atUnixMs'?: (number | string | Long);
  'reason'?: (_vais_remote_v1_Failure | null);
  'pauseUs'?: (number | string);
  'origin'?: (_vais_remote_v1_Origin);
  'signal'?: (string);
  'function'?: (string);
  'line'?: (number | string | Long);
  'source'?: (string);
  'symbol'?: (string);
  'trace'?: (number | string | Long)[];
  'undo'?: (_vais_remote_v1_Undo);
  'thread'?: (number | string | Long);
  'threadName'?: (string);
  'resident'?: (string);
  'refines'?: (string);
}

export interface Event__Output {
  'stage': (_vais_remote_v1_Stage__Output);
  'program': (string);
  'module': (string);
  'version': (number);
  'buildId': (string);
  'digest': (string);
  'pid': (number);
  'elapsedUs': (number);
  'atUnixMs': (number);
  'reason': (_vais_remote_v1_Failure__Output | null);
  'pauseUs': (number);
  'origin': (_vais_remote_v1_Origin__Output);
  'signal': (string);
  'function': (string);
  'line': (number);
  'source': (string);
  'symbol': (string);
  'trace': (number)[];
  'undo': (_vais_remote_v1_Undo__Output);
  'thread': (number);
  'threadName': (string);
  'resident': (string);
  'refines': (string);
}
