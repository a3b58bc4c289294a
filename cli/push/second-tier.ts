import type { ErrorReport } from '../show/report.ts';
import { PushClock } from './clock.ts';
import type { Destination } from './destination.ts';
import { make, type Push, type PushContext, type Ready } from './push.ts';

/** The text of what was compiled, by path. */
export type Sources = Map<string, string>;

/** Reads what the compiler asks for, and keeps it: the second tier is built from the same text. */
export function keeping(read: (path: string) => string | undefined, sources: Sources) {
  return (path: string): string | undefined => {
    const text = read(path);
    if (text !== undefined) sources.set(path, text);
    return text;
  };
}

/**
 * The optimized build of what runs as tcc built it, to take its place in its version. Undefined where there is nothing to
 * do: it is optimized already, or there is no compiler but tcc.
 */
export async function refine(
  { push: first, built }: Ready,
  sources: ReadonlyMap<string, string>,
  destination: Destination,
  context: PushContext,
  signal: AbortSignal,
): Promise<Ready | ErrorReport | undefined> {
  if (built.contract.tier !== 'fast' || !first.unit.hasTiers) return undefined;
  const push: Push = { ...first, clock: new PushClock(), read: (path) => sources.get(path) };
  const options = { ...context.options, tier: 'optimized' as const };
  const made = await make(push, destination, { ...context, options }, signal);
  if ('event' in made) return made.code === 'toolchain_missing' ? undefined : made;
  if (made.built.contract.tier !== 'optimized') return undefined;
  const refines = built.digest;
  return { ...made, ...(made.compiled === undefined ? {} : { compiled: { ...made.compiled, refines } }), refines };
}
