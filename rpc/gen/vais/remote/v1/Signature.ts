// Original file: proto/vais/remote/v1/trust.proto

import type { Long } from '@grpc/proto-loader';

export interface Signature {
  'keyId'?: (string);
  'agentId'?: (string);
  'sequence'?: (number | string | Long);
  'nonce'?: (string);
  'signedAtUnixMs'?: (number | string | Long);
  'signature'?: (Buffer | Uint8Array | string);
}

export interface Signature__Output {
  'keyId': (string);
  'agentId': (string);
  'sequence': (number);
  'nonce': (string);
  'signedAtUnixMs': (number);
  'signature': (Buffer);
}
