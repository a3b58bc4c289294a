// Original file: proto/vais/remote/v1/agent.proto

import type { HistoryEntry as _vais_remote_v1_HistoryEntry, HistoryEntry__Output as _vais_remote_v1_HistoryEntry__Output } from '../../../vais/remote/v1/HistoryEntry.ts';
import type { Long } from '@grpc/proto-loader';

export interface ListHistoryResponse {
  'program'?: (string);
  'module'?: (string);
  'baseBuildId'?: (string);
  'entries'?: (_vais_remote_v1_HistoryEntry)[];
  'forgotten'?: (number | string | Long);
  'lines'?: (number);
}

export interface ListHistoryResponse__Output {
  'program': (string);
  'module': (string);
  'baseBuildId': (string);
  'entries': (_vais_remote_v1_HistoryEntry__Output)[];
  'forgotten': (number);
  'lines': (number);
}
