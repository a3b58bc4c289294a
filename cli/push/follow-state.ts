/**
 * Where the newest image of a followed module stands, as a value: what happens makes the next one of it, and says what is to
 * be done. No clock, no file and no connection; `source-follower.ts` has those.
 *
 *     made ─▶ waiting ─▶ offered ─▶ ended ─▶ failed
 *               ▲ │  ▲      │         │
 *               │ ▼  └──────┘         └─▶ waiting, when the agent has lost it
 *              held   the connection broke
 */

/** What has to be known of an image; `fast` is, of an optimized build, the fast one whose place it takes. */
export interface FollowedImage {
  readonly buildId: string;
  readonly digest: string;
  readonly fast?: FollowedImage;
}

export type Phase =
  /** Not offered yet, or not answered: to be offered when the program is there. */
  | { readonly is: 'waiting' }
  /** Right by itself, but the file that was saved with it is not. */
  | { readonly is: 'held'; readonly by: string }
  /** Offered for the `attempt`th time. */
  | { readonly is: 'offered'; readonly attempt: number }
  /** Answered. */
  | { readonly is: 'ended' }
  /** It failed after it was confirmed, so nothing offers it again. */
  | { readonly is: 'failed' };

export interface FollowState<Image extends FollowedImage> {
  readonly newest: { readonly image: Image; readonly phase: Phase } | undefined;
  /** Counts the offers. */
  readonly attempts: number;
  /** What the program ran, and was started with, when it was last heard of. */
  readonly seen: { readonly build: string; readonly base: string } | undefined;
  /** The last version that was confirmed, and the version for which it was asked why that is desired instead. */
  readonly confirmed: { readonly version: number; readonly asked?: number } | undefined;
  /** It was said that the program is away. */
  readonly saidAbsent: boolean;
  /** A rollback from here is on its way. */
  readonly isRollingBack: boolean;
}

/** What a module runs, by the program's and the agent's word. */
export interface Runs {
  readonly buildId: string;
  readonly baseBuildId: string;
  readonly version: number;
  readonly desiredVersion: number;
}

/** How an offer ended. */
export type Answer =
  | { readonly is: 'confirmed'; readonly version: number }
  /** Something newer took its place. */
  | { readonly is: 'superseded' }
  /** The program, or the module, is not there. */
  | { readonly is: 'absent' }
  | { readonly is: 'refused' };

export const nothingYet: FollowState<never> = {
  newest: undefined,
  attempts: 0,
  seen: undefined,
  confirmed: undefined,
  saidAbsent: false,
  isRollingBack: false,
};

type Next<Image extends FollowedImage> = FollowState<Image>;

function inPhase<Image extends FollowedImage>(state: Next<Image>, phase: Phase): Next<Image> {
  return state.newest === undefined ? state : { ...state, newest: { ...state.newest, phase } };
}

/** An image was built. What was there before is of no more interest. */
export function made<Image extends FollowedImage>(state: Next<Image>, image: Image): Next<Image> {
  return { ...state, newest: { image, phase: { is: 'waiting' } } };
}

/** The newest image is offered now; `attempts` of the result is this offer's number. */
export function offered<Image extends FollowedImage>(state: Next<Image>): Next<Image> {
  if (state.newest === undefined) return state;
  const attempt = state.attempts + 1;
  return { ...inPhase(state, { is: 'offered', attempt }), attempts: attempt };
}

/** Whether this offer is the one whose answer counts. */
export function isCurrent(state: FollowState<FollowedImage>, attempt: number): boolean {
  return state.newest?.phase.is === 'offered' && state.newest.phase.attempt === attempt;
}

/** The connection broke before the answer: the image is offered again. */
export function broke<Image extends FollowedImage>(state: Next<Image>, attempt: number): Next<Image> {
  return isCurrent(state, attempt) ? inPhase(state, { is: 'waiting' }) : state;
}

/** The agent answered an offer. `say`: whether a person should hear of it. */
export function answered<Image extends FollowedImage>(
  state: Next<Image>,
  attempt: number,
  answer: Answer,
): { readonly state: Next<Image>; readonly say: boolean } {
  if (!isCurrent(state, attempt)) return { state, say: false }; // It was offered anew, or something newer was made.
  if (answer.is === 'absent') return { state: inPhase(state, { is: 'waiting' }), say: false };
  const ended = inPhase(state, { is: 'ended' });
  // By our own next save, it is not current any more; so this is somebody else's push, of which one hears. The second tier
  // of a version gives way without a word.
  if (answer.is === 'superseded') return { state: ended, say: state.newest?.image.fast === undefined };
  if (answer.is === 'refused') return { state: ended, say: true };
  return { state: { ...ended, confirmed: { version: answer.version } }, say: true };
}

/** It is not offered: the running program cannot take it. */
export function refused<Image extends FollowedImage>(state: Next<Image>): Next<Image> {
  return inPhase(state, { is: 'ended' });
}

/** It is kept until the file that was saved with it is right. */
export function held<Image extends FollowedImage>(state: Next<Image>, by: string): Next<Image> {
  return inPhase(state, { is: 'held', by });
}

/** A file is right now. */
export function released<Image extends FollowedImage>(state: Next<Image>, file: string): Next<Image> {
  const { newest } = state;
  return newest?.phase.is === 'held' && newest.phase.by === file ? inPhase(state, { is: 'waiting' }) : state;
}

/** A version of this image failed after it was confirmed. */
export function failed<Image extends FollowedImage>(state: Next<Image>, image: Image): Next<Image> {
  return state.newest?.image === image ? inPhase(state, { is: 'failed' }) : state;
}

/** The program is away. `say`: whether that is news for somebody who waits. */
export function absent<Image extends FollowedImage>(
  state: Next<Image>,
): { readonly state: Next<Image>; readonly say: boolean } {
  const say = state.newest?.phase.is === 'waiting' && !state.saidAbsent;
  return { state: say ? { ...state, saidAbsent: true } : state, say };
}

/** What the agent is to be asked: why another version than ours is desired. */
export interface Question<Image> {
  readonly image: Image;
  readonly version: number;
  /** What to offer again if the agent knows nothing of it. */
  readonly lost: Image | undefined;
}

/** The program is there and runs this. With `ask`, the agent desires another version than the one that was confirmed. */
export function heard<Image extends FollowedImage>(
  state: Next<Image>,
  runs: Runs,
  fastOf: (image: Image) => Image | undefined,
): { readonly state: Next<Image>; readonly ask: Question<Image> | undefined } {
  const { newest, seen, confirmed } = state;
  const here = { ...state, saidAbsent: false, seen: { build: runs.buildId, base: runs.baseBuildId } };
  const isNews =
    !state.isRollingBack &&
    newest?.phase.is === 'ended' &&
    confirmed !== undefined &&
    confirmed.version !== runs.desiredVersion &&
    confirmed.asked !== runs.desiredVersion;
  if (!isNews || newest === undefined || confirmed === undefined) return { state: here, ask: undefined };
  const first = fastOf(newest.image) ?? newest.image;
  // It ran our image and starts from its first version again, and the agent means it: its records are gone. A rollback
  // would have made a new version, and a program that was built anew has another base.
  const isLost =
    seen !== undefined &&
    [newest.image.buildId, first.buildId].includes(seen.build) &&
    seen.base === runs.baseBuildId &&
    runs.version === 1 &&
    runs.desiredVersion === 1;
  return {
    state: { ...here, confirmed: { ...confirmed, asked: runs.desiredVersion } },
    ask: { image: newest.image, version: confirmed.version, lost: isLost ? first : undefined },
  };
}

/** A rollback from here begins: another version than ours is no news then. */
export function rollingBack<Image extends FollowedImage>(state: Next<Image>): Next<Image> {
  return { ...state, isRollingBack: true };
}

/** It has ended, and brought this version, if any. */
export function rolledBack<Image extends FollowedImage>(state: Next<Image>, version: number | undefined): Next<Image> {
  const { confirmed } = state;
  const known = confirmed === undefined || version === undefined ? {} : { confirmed: { ...confirmed, asked: version } };
  return { ...state, ...known, isRollingBack: false };
}

/** What the agent has written down of the version that was asked after. */
export type Record = 'reverted' | 'known' | 'unknown';

/** The agent answered a question. `say`: it failed while nobody could tell us. `again`: it is
 * offered once more. `replaced`: somebody else's version runs. */
export function told<Image extends FollowedImage>(
  state: Next<Image>,
  { image, lost }: Question<Image>,
  record: Record,
): { readonly state: Next<Image>; readonly does: 'say' | 'again' | 'replaced' | undefined } {
  if (state.newest?.image !== image || state.newest.phase.is !== 'ended') return { state, does: undefined };
  if (record === 'reverted') return { state: failed(state, image), does: 'say' };
  if (record === 'known') return { state, does: 'replaced' };
  // The fast build first, as when it was saved.
  if (lost !== undefined) return { state: made(state, lost), does: 'again' };
  return { state, does: undefined };
}
