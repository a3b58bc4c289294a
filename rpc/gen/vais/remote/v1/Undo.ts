// Original file: proto/vais/remote/v1/agent.proto

export const Undo = {
  UNDO_UNSPECIFIED: 'UNDO_UNSPECIFIED',
  UNDO_DONE: 'UNDO_DONE',
  UNDO_NONE: 'UNDO_NONE',
} as const;

export type Undo =
  | 'UNDO_UNSPECIFIED'
  | 0
  | 'UNDO_DONE'
  | 1
  | 'UNDO_NONE'
  | 2

export type Undo__Output = typeof Undo[keyof typeof Undo]
