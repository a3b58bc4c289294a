import { VaisError } from '../../common/error.ts';
import { findEndpoints } from './endpoints.ts';
import { Engine } from './engine.ts';

/** The engines that answer, and why others do not. */
export interface Engines {
  readonly found: readonly [Engine, ...Engine[]];
  /** For messages: each endpoint that was tried and does not answer. */
  readonly failures: readonly string[];
}

/**
 * Connects to the engines of this environment: to the one that is set, else to each that is found at a usual place.
 *
 * @throws VaisError `unreachable` when none answers, with each that was tried and why not
 */
export async function connectEngines(env: Readonly<Record<string, string | undefined>>): Promise<Engines> {
  const endpoints = await findEndpoints(env);
  const tried = await Promise.all(
    endpoints.map((endpoint) => Engine.connect(endpoint).catch((thrown: unknown) => VaisError.from(thrown))),
  );
  const found = tried.filter((each) => each instanceof Engine);
  const failures = tried.filter((each) => each instanceof VaisError);
  const [first, ...rest] = found;
  if (first !== undefined) return { found: [first, ...rest], failures: failures.map(({ message }) => message) };
  // One that is there and fails says more than those that are not there.
  const telling = failures.find(({ message }) => !message.endsWith('no socket there')) ?? failures[0];
  throw new VaisError(
    'unreachable',
    failures.length === 1
      ? `no container engine answers: ${failures[0]?.message}`
      : `no container engine answers; tried\n${failures.map(({ message }) => `  ${message}`).join('\n')}`,
    telling === undefined ? {} : { hint: telling.hint, cause: telling },
  );
}
