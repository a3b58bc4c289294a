// Original file: proto/vais/remote/v1/agent.proto

import type { Manifest as _vais_remote_v1_Manifest, Manifest__Output as _vais_remote_v1_Manifest__Output } from '../../../vais/remote/v1/Manifest.ts';
import type { Signature as _vais_remote_v1_Signature, Signature__Output as _vais_remote_v1_Signature__Output } from '../../../vais/remote/v1/Signature.ts';
import type { Long } from '@grpc/proto-loader';

export interface Offer {
  'nonce'?: (number | string | Long);
  'manifest'?: (_vais_remote_v1_Manifest | null);
  'image'?: (Buffer | Uint8Array | string);
  'elapsedUs'?: (number | string | Long);
  'delta'?: (Buffer | Uint8Array | string);
  'base'?: (string);
  'signature'?: (_vais_remote_v1_Signature | null);
}

export interface Offer__Output {
  'nonce': (number);
  'manifest': (_vais_remote_v1_Manifest__Output | null);
  'image': (Buffer);
  'elapsedUs': (number);
  'delta': (Buffer);
  'base': (string);
  'signature': (_vais_remote_v1_Signature__Output | null);
}
