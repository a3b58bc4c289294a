// Original file: proto/vais/remote/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface Taken {
  'nonce'?: (number | string | Long);
  'chunk'?: (number | string | Long);
}

export interface Taken__Output {
  'nonce': (number);
  'chunk': (number);
}
