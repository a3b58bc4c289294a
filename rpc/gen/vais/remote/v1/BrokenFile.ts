// Original file: proto/vais/remote/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface BrokenFile {
  'file'?: (string);
  'aside'?: (string);
  'why'?: (string);
  'atUnixMs'?: (number | string | Long);
}

export interface BrokenFile__Output {
  'file': (string);
  'aside': (string);
  'why': (string);
  'atUnixMs': (number);
}
