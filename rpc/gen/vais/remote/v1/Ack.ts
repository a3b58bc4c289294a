// Original file: proto/vais/remote/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface Ack {
  'nonce'?: (number | string | Long);
  'version'?: (number | string | Long);
  'unchanged'?: (boolean);
}

export interface Ack__Output {
  'nonce': (number);
  'version': (number);
  'unchanged': (boolean);
}
