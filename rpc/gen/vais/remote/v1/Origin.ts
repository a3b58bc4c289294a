// Original file: proto/vais/remote/v1/agent.proto

export const Origin = {
  ORIGIN_UNSPECIFIED: 'ORIGIN_UNSPECIFIED',
  ORIGIN_PUSH: 'ORIGIN_PUSH',
  ORIGIN_ROLLBACK: 'ORIGIN_ROLLBACK',
  ORIGIN_RESTORE: 'ORIGIN_RESTORE',
  ORIGIN_START: 'ORIGIN_START',
} as const;

export type Origin =
  | 'ORIGIN_UNSPECIFIED'
  | 0
  | 'ORIGIN_PUSH'
  | 1
  | 'ORIGIN_ROLLBACK'
  | 2
  | 'ORIGIN_RESTORE'
  | 3
  | 'ORIGIN_START'
  | 4

export type Origin__Output = typeof Origin[keyof typeof Origin]
