// Original file: proto/vais/remote/v1/trust.proto

import type { Long } from '@grpc/proto-loader';

export interface CreateTokenResponse {
  'token'?: (string);
  'seconds'?: (number | string | Long);
}

export interface CreateTokenResponse__Output {
  'token': (string);
  'seconds': (number);
}
