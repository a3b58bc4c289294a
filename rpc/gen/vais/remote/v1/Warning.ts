// Original file: proto/vais/remote/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface Warning {
  'message'?: (string);
  'atUnixMs'?: (number | string | Long);
}

export interface Warning__Output {
  'message': (string);
  'atUnixMs': (number);
}
