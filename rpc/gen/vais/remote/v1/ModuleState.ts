// Original file: proto/vais/remote/v1/agent.proto

export const ModuleState = {
  MODULE_STATE_UNSPECIFIED: 'MODULE_STATE_UNSPECIFIED',
  MODULE_STATE_PROBATION: 'MODULE_STATE_PROBATION',
  MODULE_STATE_CONFIRMED: 'MODULE_STATE_CONFIRMED',
} as const;

export type ModuleState =
  | 'MODULE_STATE_UNSPECIFIED'
  | 0
  | 'MODULE_STATE_PROBATION'
  | 1
  | 'MODULE_STATE_CONFIRMED'
  | 2

export type ModuleState__Output = typeof ModuleState[keyof typeof ModuleState]
