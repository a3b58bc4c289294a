import { PushClock } from '../clock.ts';
import { type AgentTarget, connect, readTargets } from '../connect.ts';
import { type Context, exitOf, interruptedExit, withFolder } from '../context.ts';
import { forEach } from '../fan-out.ts';
import { cacheFolder, ImageCache } from '../image-cache.ts';
import { type CompileOptions, classify, type PushFile, requireInput } from '../prepare.ts';
import { pushOnce } from '../push-once.ts';
import { PushSession } from '../push-session.ts';
import type { ErrorReport } from '../report.ts';

export interface PushOptions extends CompileOptions {
  readonly to?: string;
  /** How long the program may take to swap, in milliseconds. */
  readonly timeoutMs: number;
}

/** `push FILE…`: each file compiled for the target and swapped into the running program, all on one session. */
export async function push(paths: readonly string[], options: PushOptions, context: Context): Promise<number> {
  const targets = await readTargets(options.to, context);
  const files = paths.map(classify);
  for (const { path } of files) await requireInput(path);
  return forEach(targets, context, (target, own) => pushTo(target, files, options, own));
}

async function pushTo(
  target: AgentTarget,
  files: readonly PushFile[],
  options: PushOptions,
  context: Context,
): Promise<number> {
  const { output, signal } = context;
  const client = await connect(target, context);
  try {
    const cache = new ImageCache(cacheFolder(context.env));
    const session = await PushSession.open(client, target.address, signal, cache);
    const errors: ErrorReport[] = [];
    await withFolder(async (folder) => {
      const pushContext = { output, options, folder, cache, timeoutMs: options.timeoutMs };
      for (const [index, file] of files.entries()) {
        const push = { id: index + 1, file, clock: new PushClock() };
        const ending = await pushOnce(push, session, target, pushContext, signal);
        if (signal.aborted) return;
        output.show(ending);
        if (ending.event === 'error') errors.push(ending);
      }
    });
    session.close();
    return signal.aborted ? interruptedExit : exitOf(errors);
  } catch (thrown) {
    if (signal.aborted) return interruptedExit;
    throw thrown;
  } finally {
    client.close();
  }
}
