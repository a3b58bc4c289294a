import type { Digest } from '../../common/digest.ts';

/** What the agent and its check process say to each other: JSON lines over one pipe, a request at a time. */
export interface CheckRequest {
  /** The staged image, an absolute path. */
  readonly path: string;
  readonly module: string;
  readonly buildId: string;
  readonly digest: Digest;
  /** Bytes of the image; what it may take of memory follows from it. */
  readonly size: number;
  /** For a library of the user's own build, which has no table inside: the functions that it must have, by their symbols. */
  readonly functions?: readonly string[];
}

/** How far the check process came with an image, so that a crash can say what it happened in. */
export const checkStages = ['load', 'read', 'unload'] as const;
export type CheckStage = (typeof checkStages)[number];

export type CheckAnswer =
  | { readonly kind: 'ready' }
  /** It begins this stage now. */
  | { readonly kind: 'stage'; readonly stage: CheckStage }
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly code: 'check_failed' | 'digest_mismatch'; readonly message: string };

/** The pipe's file descriptor in the check process. Not one of the first three, which a library may read and write. */
export const checkChannel = 3;

/** More than any line of theirs has; one that is longer was not written by them. */
export const maxCheckLine = 65_536;

export function formatCheckLine(message: CheckRequest | CheckAnswer): string {
  return `${JSON.stringify(message)}\n`;
}

/** The line as an answer, or undefined when it is none: a library may have written to the pipe. */
export function parseCheckAnswer(line: string): CheckAnswer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, stage, code, message } = value as Record<'kind' | 'stage' | 'code' | 'message', unknown>;
  if (kind === 'ready' || kind === 'passed') return { kind };
  if (kind === 'stage') {
    const known = checkStages.find((one) => one === stage);
    return known && { kind, stage: known };
  }
  if (kind !== 'failed' || typeof message !== 'string') return undefined;
  return code === 'check_failed' || code === 'digest_mismatch' ? { kind, code, message } : undefined;
}
