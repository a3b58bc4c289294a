// Original file: proto/vais/remote/v1/agent.proto

export const Outcome = {
  OUTCOME_UNSPECIFIED: 'OUTCOME_UNSPECIFIED',
  OUTCOME_PENDING: 'OUTCOME_PENDING',
  OUTCOME_CONFIRMED: 'OUTCOME_CONFIRMED',
  OUTCOME_REFUSED: 'OUTCOME_REFUSED',
  OUTCOME_REVERTED: 'OUTCOME_REVERTED',
  OUTCOME_SUPERSEDED: 'OUTCOME_SUPERSEDED',
} as const;

export type Outcome =
  | 'OUTCOME_UNSPECIFIED'
  | 0
  | 'OUTCOME_PENDING'
  | 1
  | 'OUTCOME_CONFIRMED'
  | 2
  | 'OUTCOME_REFUSED'
  | 3
  | 'OUTCOME_REVERTED'
  | 4
  | 'OUTCOME_SUPERSEDED'
  | 5

export type Outcome__Output = typeof Outcome[keyof typeof Outcome]
