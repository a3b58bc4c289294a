// Original file: proto/vais/remote/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface Want {
  'nonce'?: (number | string | Long);
  'offset'?: (number | string | Long);
}

export interface Want__Output {
  'nonce': (number);
  'offset': (number);
}
