// Original file: proto/vais/remote/v1/trust.proto

import type { Developer as _vais_remote_v1_Developer, Developer__Output as _vais_remote_v1_Developer__Output } from '../../../vais/remote/v1/Developer.ts';
import type { Long } from '@grpc/proto-loader';

export interface RevokeDeveloperResponse {
  'developer'?: (_vais_remote_v1_Developer | null);
  'ended'?: (number | string | Long);
}

export interface RevokeDeveloperResponse__Output {
  'developer': (_vais_remote_v1_Developer__Output | null);
  'ended': (number);
}
