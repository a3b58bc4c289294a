import type { Socket } from 'node:net';
import { type Started, start } from './run.ts';

/**
 * A compiler that was started before it is needed and waits on its standard input: forking, executing and linking it
 * are a third of what tcc takes. One waits for each output that was built twice, so that only who builds again and
 * again, as `watch` does, ever has one.
 */
interface Waiting {
  readonly key: string;
  readonly started: Started;
  /** Where it will write. */
  readonly aside: string;
}

const waiting = new Map<string, Waiting>();

/** The compiler that waits for this output with these arguments; it is then the caller's. */
export function takeStandby(output: string, key: string): Waiting | undefined {
  const found = waiting.get(output);
  if (found === undefined) return undefined;
  waiting.delete(output);
  if (found.key !== key || found.started.child.exitCode !== null) {
    found.started.child.kill('SIGKILL');
    return undefined;
  }
  hold(found.started, true);
  const { started } = found;
  return { ...found, started: { ...started, finish: (input) => started.finish(`${input ?? ''}${closing}`) } };
}

/** Ends the compiler that waits for this output, where one does: it will not be built again. */
export function dropStandby(output: string): void {
  waiting.get(output)?.started.child.kill('SIGKILL');
  waiting.delete(output);
}

/** Starts a compiler for the next build of this output. It keeps no process alive, and ends with ours. */
export function prepareStandby(
  output: string,
  key: string,
  command: string,
  args: readonly string[],
  aside: string,
): void {
  if (waiting.has(output)) return;
  const started = start(command, args, true);
  // What becomes of it is told to whoever takes it.
  started.ended.catch(() => undefined);
  hold(started, false);
  started.child.stdin?.write(opening);
  waiting.set(output, { key, started, aside });
}

/**
 * What a waiting compiler has read already. When our process ends, so does its input, and without the other half it
 * writes nothing and ends too.
 */
const opening = '#if 1\n';
const closing = '\n#endif\n';

function hold({ child }: Started, alive: boolean): void {
  for (const one of [
    child,
    child.stdin as Socket | null,
    child.stdout as Socket | null,
    child.stderr as Socket | null,
  ]) {
    if (alive) one?.ref();
    else one?.unref();
  }
}
