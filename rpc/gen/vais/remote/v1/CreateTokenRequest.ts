// Original file: proto/vais/remote/v1/trust.proto

import type { Long } from '@grpc/proto-loader';

export interface CreateTokenRequest {
  'developer'?: (string);
  'programs'?: (string)[];
  'seconds'?: (number | string | Long);
}

export interface CreateTokenRequest__Output {
  'developer': (string);
  'programs': (string)[];
  'seconds': (number);
}
