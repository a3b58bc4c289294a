import { VaisError } from '../../common/error.ts';
import { type Push, supersededBy } from './push.ts';

/** How one running instance of the program took a version. */
export type Landing =
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'refused' | 'reverted'; readonly reason: VaisError; readonly running: number | undefined };

/** What became of a version that did not hold everywhere, why, and what the instance that it failed in runs instead. */
export interface Failed {
  readonly outcome: 'refused' | 'reverted' | 'superseded';
  readonly reason: VaisError;
  readonly running: number | undefined;
}

/** How a delivery failed, by its landings; undefined when the version holds. */
export function failureOf(landings: readonly Landing[], push: Push): Failed | undefined {
  for (const outcome of ['reverted', 'refused'] as const)
    for (const landing of landings) if (landing.kind === outcome) return { ...landing, outcome };
  if (landings.some(({ kind }) => kind === 'confirmed')) return undefined;
  return { outcome: 'superseded', reason: supersededBy(push), running: undefined };
}

/** The failure of what was pushed with a version that holds: it is taken back with it. Undefined when all hold. */
export async function failedWith({ group }: Push): Promise<Failed | undefined> {
  try {
    await group?.meet('landed');
    return undefined;
  } catch (thrown) {
    return { outcome: 'reverted', reason: VaisError.from(thrown), running: undefined };
  }
}
