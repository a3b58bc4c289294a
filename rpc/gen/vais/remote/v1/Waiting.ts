// Original file: proto/vais/remote/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface Waiting {
  'thread'?: (number | string | Long);
  'threadName'?: (string);
  'function'?: (string);
  '_thread'?: "thread";
}

export interface Waiting__Output {
  'thread'?: (number);
  'threadName': (string);
  'function': (string);
  '_thread'?: "thread";
}
