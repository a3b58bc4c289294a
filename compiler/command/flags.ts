import type { BuildWish } from '../plan/build-plan.ts';

/** The flags of `vaisc build` and its like, as they were given. */
export interface BuildFlags {
  hot?: boolean;
  output?: string;
  optimize?: 0 | 1 | 2 | 3;
  debug?: boolean;
  target?: string;
  tier?: 'fast' | 'optimized';
  release?: boolean;
  verbose?: boolean;
  emit?: 'c' | 'contract' | 'ast';
}

/** What the flags say of how it is built. */
export function wishOf({ tier, optimize, debug, release }: BuildFlags): Omit<BuildWish, 'kind'> {
  return {
    ...(tier === undefined ? {} : { tier }),
    ...(optimize === undefined ? {} : { opt: optimize }),
    ...(debug === undefined ? {} : { debug }),
    ...(release === undefined ? {} : { release }),
  };
}
