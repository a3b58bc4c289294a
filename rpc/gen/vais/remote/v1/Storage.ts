// Original file: proto/vais/remote/v1/agent.proto

import type { QuarantinedFile as _vais_remote_v1_QuarantinedFile, QuarantinedFile__Output as _vais_remote_v1_QuarantinedFile__Output } from '../../../vais/remote/v1/QuarantinedFile.ts';
import type { Long } from '@grpc/proto-loader';

export interface Storage {
  'images'?: (number | string | Long);
  'imageBytes'?: (number | string | Long);
  'maxImageBytes'?: (number | string | Long);
  'freeBytes'?: (number | string | Long);
  'keep'?: (number | string | Long);
  'quarantined'?: (_vais_remote_v1_QuarantinedFile)[];
  'faults'?: (string)[];
}

export interface Storage__Output {
  'images': (number);
  'imageBytes': (number);
  'maxImageBytes': (number);
  'freeBytes': (number);
  'keep': (number);
  'quarantined': (_vais_remote_v1_QuarantinedFile__Output)[];
  'faults': (string)[];
}
