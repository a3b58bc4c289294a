// Original file: proto/vais/remote/v1/agent.proto

export const Loading = {
  LOADING_UNSPECIFIED: 'LOADING_UNSPECIFIED',
  LOADING_UNLOADS: 'LOADING_UNLOADS',
  LOADING_KEEPS: 'LOADING_KEEPS',
  LOADING_NONE: 'LOADING_NONE',
} as const;

export type Loading =
  | 'LOADING_UNSPECIFIED'
  | 0
  | 'LOADING_UNLOADS'
  | 1
  | 'LOADING_KEEPS'
  | 2
  | 'LOADING_NONE'
  | 3

export type Loading__Output = typeof Loading[keyof typeof Loading]
