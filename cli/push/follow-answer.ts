import type { ErrorCode } from '../../common/error.ts';
import type { Answer } from './follow-state.ts';
import type { Outcome } from './outcome.ts';

/** Whether a program is only not there now. */
export function isAway(code: ErrorCode): boolean {
  return code === 'no_such_program' || code === 'no_such_module' || code === 'restoring';
}

/** An outcome as far as it moves what is followed. */
export function answerOf(outcome: Outcome): Answer {
  if (outcome.event === 'done') return { is: 'confirmed', version: outcome.version };
  if (outcome.code === 'superseded') return { is: 'superseded' };
  return { is: isAway(outcome.code) ? 'absent' : 'refused' };
}
