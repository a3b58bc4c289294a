// Original file: proto/vais/remote/v1/agent.proto

import type { Origin as _vais_remote_v1_Origin, Origin__Output as _vais_remote_v1_Origin__Output } from '../../../vais/remote/v1/Origin.ts';
import type { Received as _vais_remote_v1_Received, Received__Output as _vais_remote_v1_Received__Output } from '../../../vais/remote/v1/Received.ts';
import type { Verified as _vais_remote_v1_Verified, Verified__Output as _vais_remote_v1_Verified__Output } from '../../../vais/remote/v1/Verified.ts';
import type { Staged as _vais_remote_v1_Staged, Staged__Output as _vais_remote_v1_Staged__Output } from '../../../vais/remote/v1/Staged.ts';
import type { Checked as _vais_remote_v1_Checked, Checked__Output as _vais_remote_v1_Checked__Output } from '../../../vais/remote/v1/Checked.ts';
import type { Delivered as _vais_remote_v1_Delivered, Delivered__Output as _vais_remote_v1_Delivered__Output } from '../../../vais/remote/v1/Delivered.ts';
import type { Loaded as _vais_remote_v1_Loaded, Loaded__Output as _vais_remote_v1_Loaded__Output } from '../../../vais/remote/v1/Loaded.ts';
import type { Waiting as _vais_remote_v1_Waiting, Waiting__Output as _vais_remote_v1_Waiting__Output } from '../../../vais/remote/v1/Waiting.ts';
import type { Swapped as _vais_remote_v1_Swapped, Swapped__Output as _vais_remote_v1_Swapped__Output } from '../../../vais/remote/v1/Swapped.ts';
import type { Confirmed as _vais_remote_v1_Confirmed, Confirmed__Output as _vais_remote_v1_Confirmed__Output } from '../../../vais/remote/v1/Confirmed.ts';
import type { Refused as _vais_remote_v1_Refused, Refused__Output as _vais_remote_v1_Refused__Output } from '../../../vais/remote/v1/Refused.ts';
import type { Reverted as _vais_remote_v1_Reverted, Reverted__Output as _vais_remote_v1_Reverted__Output } from '../../../vais/remote/v1/Reverted.ts';
import type { Superseded as _vais_remote_v1_Superseded, Superseded__Output as _vais_remote_v1_Superseded__Output } from '../../../vais/remote/v1/Superseded.ts';
import type { Unchanged as _vais_remote_v1_Unchanged, Unchanged__Output as _vais_remote_v1_Unchanged__Output } from '../../../vais/remote/v1/Unchanged.ts';
import type { Long } from '@grpc/proto-loader';

export interface Event {
  'program'?: (string);
  'module'?: (string);
  'version'?: (number | string | Long);
  'buildId'?: (string);
  'digest'?: (string);
  'pid'?: (number | string | Long);
  'elapsedUs'?: (number | string | Long);
  'atUnixMs'?: (number | string | Long);
  'origin'?: (_vais_remote_v1_Origin);
  'refines'?: (string);
  'developer'?: (string);
  'received'?: (_vais_remote_v1_Received | null);
  'verified'?: (_vais_remote_v1_Verified | null);
  'staged'?: (_vais_remote_v1_Staged | null);
  'checked'?: (_vais_remote_v1_Checked | null);
  'delivered'?: (_vais_remote_v1_Delivered | null);
  'loaded'?: (_vais_remote_v1_Loaded | null);
  'waiting'?: (_vais_remote_v1_Waiting | null);
  'swapped'?: (_vais_remote_v1_Swapped | null);
  'confirmed'?: (_vais_remote_v1_Confirmed | null);
  'refused'?: (_vais_remote_v1_Refused | null);
  'reverted'?: (_vais_remote_v1_Reverted | null);
  'superseded'?: (_vais_remote_v1_Superseded | null);
  'unchanged'?: (_vais_remote_v1_Unchanged | null);
  'detail'?: "received"|"verified"|"staged"|"checked"|"delivered"|"loaded"|"waiting"|"swapped"|"confirmed"|"refused"|"reverted"|"superseded"|"unchanged";
}

export interface Event__Output {
  'program': (string);
  'module': (string);
  'version': (number);
  'buildId': (string);
  'digest': (string);
  'pid': (number);
  'elapsedUs': (number);
  'atUnixMs': (number);
  'origin': (_vais_remote_v1_Origin__Output);
  'refines': (string);
  'developer': (string);
  'received'?: (_vais_remote_v1_Received__Output | null);
  'verified'?: (_vais_remote_v1_Verified__Output | null);
  'staged'?: (_vais_remote_v1_Staged__Output | null);
  'checked'?: (_vais_remote_v1_Checked__Output | null);
  'delivered'?: (_vais_remote_v1_Delivered__Output | null);
  'loaded'?: (_vais_remote_v1_Loaded__Output | null);
  'waiting'?: (_vais_remote_v1_Waiting__Output | null);
  'swapped'?: (_vais_remote_v1_Swapped__Output | null);
  'confirmed'?: (_vais_remote_v1_Confirmed__Output | null);
  'refused'?: (_vais_remote_v1_Refused__Output | null);
  'reverted'?: (_vais_remote_v1_Reverted__Output | null);
  'superseded'?: (_vais_remote_v1_Superseded__Output | null);
  'unchanged'?: (_vais_remote_v1_Unchanged__Output | null);
  'detail'?: "received"|"verified"|"staged"|"checked"|"delivered"|"loaded"|"waiting"|"swapped"|"confirmed"|"refused"|"reverted"|"superseded"|"unchanged";
}
