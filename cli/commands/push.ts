import { Command } from 'commander';
import { readFromDisk } from '../../compiler/front/modules.ts';
import { PushClock } from '../push/clock.ts';
import { forEach } from '../push/fan-out.ts';
import type { Outcome } from '../push/outcome.ts';
import { type CompileOptions, classify, type PushFile, requireInput } from '../push/prepare.ts';
import { bring, isReady } from '../push/push-once.ts';
import { pushTogether } from '../push/push-together.ts';
import { keeping, refine, type Sources } from '../push/second-tier.ts';
import { cacheFolder, ImageCache } from '../session/image-cache.ts';
import { PushSession } from '../session/push-session.ts';
import { SteadySession } from '../session/steady-session.ts';
import { type Context, exitOf, interruptedExit, withFolder } from '../show/context.ts';
import type { ErrorReport } from '../show/report.ts';
import { type AgentTarget, connect, readTargets } from '../targets/connect.ts';
import {
  type CompileFlags,
  compileOptions,
  compiling,
  type Edge,
  jsonOption,
  type TargetFlags,
  timeoutOption,
  toOption,
  wanted,
} from './flags.ts';
export function command(edge: Edge): Command {
  return compiling(new Command('push'))
    .description('compile for the target, and swap the new code into the running program')
    .argument('<file...>', 'a .vais source, or a built .so, .dylib or .dll')
    .addOption(toOption())
    .addOption(timeoutOption())
    .addOption(jsonOption())
    .action((files: string[], flags: TargetFlags & CompileFlags & { timeout: number }) => {
      const timeoutMs = flags.timeout * 1000;
      const options = { ...compileOptions(flags), ...wanted(flags, edge), timeoutMs, both: flags.tier === 'both' };
      return edge.run('push', flags, (context) => push(files, options, context));
    });
}

export interface PushOptions extends CompileOptions {
  readonly to?: string;
  /** How long the program may take to swap, in milliseconds. */
  readonly timeoutMs: number;
  /** Bring the optimized build behind the fast one, as the same version. */
  readonly both: boolean;
}

/** `push FILE…`: compiled for the target and swapped into the running programs; what is for one program, together. */
async function push(paths: readonly string[], options: PushOptions, context: Context): Promise<number> {
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
    const session = await SteadySession.open({
      open: () => PushSession.open(client, target.address, signal, cache),
      address: target.address,
      patienceMs: options.timeoutMs,
      show: (report) => output.show(report),
      signal,
    });
    const errors: ErrorReport[] = [];
    await withFolder(async (folder) => {
      const pushContext = { output, options, folder, cache, timeoutMs: options.timeoutMs };
      const sources: Sources[] = files.map(() => new Map<string, string>());
      const pushes = files.map((file, index) => {
        const read = keeping(readFromDisk, sources[index] ?? new Map<string, string>());
        return { id: index + 1, file, clock: new PushClock(), read };
      });
      const show = (outcome: Outcome): void => {
        output.show(outcome);
        if (outcome.event === 'error') errors.push(outcome);
      };
      for await (const { planned, outcome } of pushTogether(pushes, session, target, pushContext, signal)) {
        show(outcome);
        if (!options.both || outcome.event === 'error' || !isReady(planned)) continue;
        const { push, made, destination } = planned;
        const second = await refine(made, sources[push.id - 1] ?? new Map(), destination, pushContext, signal);
        if (second === undefined || signal.aborted) continue;
        if ('event' in second) {
          show(second);
          continue;
        }
        if (second.compiled !== undefined) output.show(second.compiled);
        show(await bring({ ...planned, made: second }, session, pushContext));
      }
    });
    session.close();
    await session.settled;
    return signal.aborted ? interruptedExit : exitOf(errors);
  } catch (thrown) {
    if (signal.aborted) return interruptedExit;
    throw thrown;
  } finally {
    client.close();
  }
}
