// Original file: proto/vais/remote/v1/agent.proto

import type { Compression as _vais_remote_v1_Compression, Compression__Output as _vais_remote_v1_Compression__Output } from '../../../vais/remote/v1/Compression.ts';
import type { Long } from '@grpc/proto-loader';

export interface Chunk {
  'nonce'?: (number | string | Long);
  'data'?: (Buffer | Uint8Array | string);
  'index'?: (number | string | Long);
  'size'?: (number | string | Long);
  'checksum'?: (number);
  'compression'?: (_vais_remote_v1_Compression);
}

export interface Chunk__Output {
  'nonce': (number);
  'data': (Buffer);
  'index': (number);
  'size': (number);
  'checksum': (number);
  'compression': (_vais_remote_v1_Compression__Output);
}
