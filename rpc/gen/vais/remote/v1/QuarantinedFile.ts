// Original file: proto/vais/remote/v1/agent.proto

import type { Long } from '@grpc/proto-loader';

export interface QuarantinedFile {
  'file'?: (string);
  'aside'?: (string);
  'why'?: (string);
  'atUnixMs'?: (number | string | Long);
}

export interface QuarantinedFile__Output {
  'file': (string);
  'aside': (string);
  'why': (string);
  'atUnixMs': (number);
}
