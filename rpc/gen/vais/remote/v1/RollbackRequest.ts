// Original file: proto/vais/remote/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface RollbackRequest {
  'program'?: (string);
  'module'?: (string);
  'version'?: (number | string | Long);
  'elapsedUs'?: (number | string | Long);
}

export interface RollbackRequest__Output {
  'program': (string);
  'module': (string);
  'version': (number);
  'elapsedUs': (number);
}
