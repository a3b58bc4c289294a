// Original file: proto/vais/remote/v1/trust.proto

import type { Long } from '@grpc/proto-loader';

export interface Developer {
  'name'?: (string);
  'keyId'?: (string);
  'programs'?: (string)[];
  'pairedAtUnixMs'?: (number | string | Long);
  'revokedAtUnixMs'?: (number | string | Long);
  'expiresAtUnixMs'?: (number | string | Long);
  'connections'?: (number | string | Long);
}

export interface Developer__Output {
  'name': (string);
  'keyId': (string);
  'programs': (string)[];
  'pairedAtUnixMs': (number);
  'revokedAtUnixMs': (number);
  'expiresAtUnixMs': (number);
  'connections': (number);
}
