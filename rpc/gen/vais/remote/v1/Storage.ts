// Original file: proto/vais/remote/v1/agent.proto

import type { BrokenFile as _vais_remote_v1_BrokenFile, BrokenFile__Output as _vais_remote_v1_BrokenFile__Output } from '../../../vais/remote/v1/BrokenFile.ts';
import type { Long } from '@grpc/proto-loader';

export interface Storage {
  'images'?: (number | string | Long);
  'imageBytes'?: (number | string | Long);
  'maxImageBytes'?: (number | string | Long);
  'freeBytes'?: (number | string | Long);
  'keep'?: (number | string | Long);
  'broken'?: (_vais_remote_v1_BrokenFile)[];
  'troubles'?: (string)[];
}

export interface Storage__Output {
  'images': (number);
  'imageBytes': (number);
  'maxImageBytes': (number);
  'freeBytes': (number);
  'keep': (number);
  'broken': (_vais_remote_v1_BrokenFile__Output)[];
  'troubles': (string)[];
}
