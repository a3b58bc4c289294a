// Original file: proto/vais/remote/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface Delta {
  'nonce'?: (number | string | Long);
  'delta'?: (Buffer | Uint8Array | string);
}

export interface Delta__Output {
  'nonce': (number);
  'delta': (Buffer);
}
