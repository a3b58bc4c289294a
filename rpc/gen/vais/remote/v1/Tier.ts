// Original file: proto/vais/remote/v1/agent.proto

export const Tier = {
  TIER_UNSPECIFIED: 'TIER_UNSPECIFIED',
  TIER_FAST: 'TIER_FAST',
  TIER_OPTIMIZED: 'TIER_OPTIMIZED',
} as const;

export type Tier =
  | 'TIER_UNSPECIFIED'
  | 0
  | 'TIER_FAST'
  | 1
  | 'TIER_OPTIMIZED'
  | 2

export type Tier__Output = typeof Tier[keyof typeof Tier]
