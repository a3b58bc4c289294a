// Original file: proto/vais/remote/v1/agent.proto

import type { Open as _vais_remote_v1_Open, Open__Output as _vais_remote_v1_Open__Output } from '../../../vais/remote/v1/Open.ts';
import type { Offer as _vais_remote_v1_Offer, Offer__Output as _vais_remote_v1_Offer__Output } from '../../../vais/remote/v1/Offer.ts';
import type { Chunk as _vais_remote_v1_Chunk, Chunk__Output as _vais_remote_v1_Chunk__Output } from '../../../vais/remote/v1/Chunk.ts';
import type { Delta as _vais_remote_v1_Delta, Delta__Output as _vais_remote_v1_Delta__Output } from '../../../vais/remote/v1/Delta.ts';

export interface SessionRequest {
  'open'?: (_vais_remote_v1_Open | null);
  'offer'?: (_vais_remote_v1_Offer | null);
  'chunk'?: (_vais_remote_v1_Chunk | null);
  'delta'?: (_vais_remote_v1_Delta | null);
  'kind'?: "open"|"offer"|"chunk"|"delta";
}

export interface SessionRequest__Output {
  'open'?: (_vais_remote_v1_Open__Output | null);
  'offer'?: (_vais_remote_v1_Offer__Output | null);
  'chunk'?: (_vais_remote_v1_Chunk__Output | null);
  'delta'?: (_vais_remote_v1_Delta__Output | null);
  'kind'?: "open"|"offer"|"chunk"|"delta";
}
