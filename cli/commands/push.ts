import { Command } from 'commander';
import { readFromDisk } from '../../compiler/front/modules.ts';
import { PushClock } from '../push/clock.ts';
import { forEach } from '../push/fan-out.ts';
import type { Outcome } from '../push/outcome.ts';
import { findProject } from '../push/project.ts';
import { bring, isReady } from '../push/push-once.ts';
import { pushTogether } from '../push/push-together.ts';
import { keeping, refine, type Sources } from '../push/second-tier.ts';
import type { CompileOptions, Unit } from '../push/unit.ts';
import { type BuildWish, targetOf, unitsOf } from '../push/wish.ts';
import { cacheFolder, ImageCache } from '../session/image-cache.ts';
import { PushSession } from '../session/push-session.ts';
import { ReconnectingSession } from '../session/reconnecting-session.ts';
import { type Context, exitOf, interruptedExit, withFolder } from '../show/context.ts';
import type { ErrorReport } from '../show/report.ts';
import { type AgentTarget, connect, readTargets } from '../targets/connect.ts';
import {
  type BuildFlags,
  building,
  buildWish,
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
  const push = new Command('push')
    .description('build for the target, and swap the new code into the running program')
    .argument('[file...]', 'a source (.vais, .c, .cpp, .rs, .zig), a built library, or a module of vais.toml');
  return compiling(building(push))
    .addOption(toOption())
    .addOption(timeoutOption())
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action((files: string[], flags: TargetFlags & CompileFlags & BuildFlags & { timeout: number }) => {
      const timeoutMs = flags.timeout * 1000;
      const options = { ...compileOptions(flags), ...wanted(flags, edge), timeoutMs, both: flags.tier === 'both' };
      return edge.run('push', flags, (context) => run(buildWish(files, flags), options, context));
    });
}

const help = `
Examples:
  vais-remote push game.vais --to box
  vais-remote push game.c --to box                                      built with the compiler that is found
  vais-remote push --build make --image build/libgame.so --to box       built by your own command
  vais-remote push                                                      all that vais.toml says`;

interface PushOptions extends CompileOptions {
  readonly to?: string;
  /** How long the program may take to swap, in milliseconds. */
  readonly timeoutMs: number;
  /** Bring the optimized build behind the fast one, as the same version. */
  readonly both: boolean;
}

/** Built for the target and swapped into the running programs; what is for one program, together. */
async function run(wish: BuildWish, options: PushOptions, context: Context): Promise<number> {
  const project = findProject();
  const targets = await readTargets(targetOf(options.to, project), context);
  const units = unitsOf(wish, project);
  for (const unit of units) await unit.require();
  return withFolder((folder) =>
    forEach(targets, context, (target, own) => pushTo(target, units, options, folder, own)),
  );
}

async function pushTo(
  target: AgentTarget,
  units: readonly Unit[],
  options: PushOptions,
  folder: string,
  context: Context,
): Promise<number> {
  const { output, signal, env } = context;
  const client = await connect(target, context);
  try {
    const cache = new ImageCache(cacheFolder(env));
    const session = await ReconnectingSession.open({
      open: () => PushSession.open(client, target.address, signal, cache),
      address: target.address,
      lost: 'interrupted',
      patienceMs: options.timeoutMs,
      show: (report) => output.show(report),
      signal,
    });
    const errors: ErrorReport[] = [];
    const show = (outcome: Outcome): void => {
      output.show(outcome);
      if (outcome.event === 'error') errors.push(outcome);
    };
    const compile = { ...options, environment: env };
    const pushContext = { output, options: compile, folder, cache, timeoutMs: options.timeoutMs };
    const sources: Sources[] = units.map(() => new Map<string, string>());
    const pushes = units.map((unit, index) => {
      const read = keeping(readFromDisk, sources[index] ?? new Map<string, string>());
      return { id: index + 1, unit, clock: new PushClock(), read, revision: 'once' };
    });
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
