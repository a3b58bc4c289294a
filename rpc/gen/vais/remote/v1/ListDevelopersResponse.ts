// Original file: proto/vais/remote/v1/trust.proto

import type { Developer as _vais_remote_v1_Developer, Developer__Output as _vais_remote_v1_Developer__Output } from '../../../vais/remote/v1/Developer.ts';

export interface ListDevelopersResponse {
  'developers'?: (_vais_remote_v1_Developer)[];
}

export interface ListDevelopersResponse__Output {
  'developers': (_vais_remote_v1_Developer__Output)[];
}
