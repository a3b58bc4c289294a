// Original file: proto/vais/remote/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface Want {
  'nonce'?: (number | string | Long);
  'chunk'?: (number | string | Long);
  'delta'?: (boolean);
}

export interface Want__Output {
  'nonce': (number);
  'chunk': (number);
  'delta': (boolean);
}
