import type { VaisError } from '../../common/error.ts';

/** How a version ended: in one instance, in all of them, and for whoever pushed it. */
export type Outcome = Held | Failed;

/** It runs. */
export interface Held {
  /** `unchanged`: it ran before, so that nothing was done. */
  readonly kind: 'confirmed' | 'unchanged';
  readonly version: number;
}

/** It does not run. */
export type Failed = FailedAs<'refused' | 'reverted'> | Superseded;

/** It gave way to something newer. */
export interface Superseded extends FailedAs<'superseded'> {
  /** Who pushed that, where it is known. */
  readonly by?: string | undefined;
}

interface FailedAs<Kind> {
  readonly kind: Kind;
  readonly reason: VaisError;
  /** What runs instead; missing: what ran before, as far as anybody knows. */
  readonly running?: number | undefined;
}

export function isHeld(outcome: Outcome): outcome is Held {
  return outcome.kind === 'confirmed' || outcome.kind === 'unchanged';
}

/** How a version ended that ended so in these instances: one that it failed in says it for all. */
export function inAll(outcomes: readonly Outcome[]): Outcome | undefined {
  for (const kind of ['reverted', 'refused', 'confirmed', 'superseded'] as const) {
    const first = outcomes.find((outcome) => outcome.kind === kind);
    if (first !== undefined) return first;
  }
  return undefined;
}
