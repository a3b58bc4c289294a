import { Command, Option } from 'commander';
import { moduleOfLibrary } from '../../artifact/contract/name.ts';
import { hostTriple } from '../../artifact/image/triple.ts';
import { readFromDisk } from '../../compiler/front/modules.ts';
import { PushClock } from '../push/clock.ts';
import { chooseModule } from '../push/destination.ts';
import { forEach } from '../push/fan-out.ts';
import { watchLocally } from '../push/local.ts';
import { findProject } from '../push/project.ts';
import { build, type PushContext } from '../push/push.ts';
import { rollBack } from '../push/rollback.ts';
import { SaveGroup } from '../push/save-group.ts';
import { SourceFollower } from '../push/source-follower.ts';
import type { CompileOptions, Unit } from '../push/unit.ts';
import { type BuildWish, targetOf, unitsOf } from '../push/wish.ts';
import { cacheFolder, ImageCache } from '../session/image-cache.ts';
import { PushSession } from '../session/push-session.ts';
import { ReconnectingSession } from '../session/reconnecting-session.ts';
import { type Context, withFolder } from '../show/context.ts';
import { type AgentTarget, connect, readTargets } from '../targets/connect.ts';
import { keepRenewed } from '../targets/renewal.ts';
import { RenewingConnection } from '../targets/renewing-connection.ts';
import {
  type BuildFlags,
  building,
  buildWish,
  type CompileFlags,
  compileOptions,
  compiling,
  type Edge,
  jsonOption,
  milliseconds,
  type TargetFlags,
  toOption,
  wanted,
} from './flags.ts';
import { listenForKeys, type Watched } from './watch-keys.ts';

export function command(edge: Edge): Command {
  const watch = new Command('watch')
    .description('push at each save, until Ctrl-C')
    .argument('[file...]', 'a source (.vais, .c, .cpp, .rs, .zig), a library, or a module of vais.toml');
  const debounce = new Option('--debounce <ms>', 'how long a burst of file events may pause before it is over');
  return compiling(building(watch))
    .addOption(toOption())
    .option('--local', 'only build, for a program on this machine that follows the library without an agent', false)
    .addOption(debounce.argParser(milliseconds).default(100, '100'))
    .option('--clear', 'clear the terminal at each save', false)
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action((files: string[], flags: TargetFlags & CompileFlags & BuildFlags & OwnFlags) => {
      const { debounce: debounceMs, clear, local } = flags;
      const own = { debounceMs, clear, local, both: flags.tier !== 'fast' };
      const options = { ...compileOptions(flags), ...wanted(flags, edge), ...own };
      return edge.run('watch', flags, (context) => run(buildWish(files, flags), options, context));
    });
}

const help = `
Examples:
  vais-remote watch game.vais --to box
  vais-remote watch game.c --to box                                     built with the compiler that is found
  vais-remote watch --build make --image build/libgame.so --to box      built by your own command
  vais-remote watch                                                     all that vais.toml says

Keys, on a terminal: r push again, b roll back, p pause and go on, q quit.`;

interface OwnFlags {
  readonly debounce: number;
  readonly clear: boolean;
  readonly local: boolean;
}

interface WatchOptions extends CompileOptions {
  readonly to?: string;
  readonly debounceMs: number;
  readonly clear: boolean;
  readonly local: boolean;
  /** Bring the optimized build behind the fast one, as the same version. */
  readonly both: boolean;
}

/** How long a rollback by a key may take, in milliseconds. */
const rollbackMs = 30_000;

/** What all targets of a `watch` share. */
interface Shared {
  readonly options: WatchOptions;
  readonly folder: string;
  readonly watched: Set<Watched>;
  readonly round: () => number;
  readonly onSave: () => void;
}

/** A push at each save, until Ctrl-C. */
async function run(wish: BuildWish, options: WatchOptions, context: Context): Promise<number> {
  const project = findProject();
  const targets = options.local ? undefined : await readTargets(targetOf(options.to, project), context);
  const units = unitsOf(wish, project);
  for (const unit of units) await unit.require();
  const quit = new AbortController();
  const signal = AbortSignal.any([context.signal, quit.signal]);
  const own = { ...context, signal };
  const watched = new Set<Watched>();
  let round = 0;
  const deafen = listenForKeys(own, watched, { quit: () => quit.abort(), nextRound: () => ++round });
  try {
    return await withFolder(async (folder) => {
      // A C compiler that is stopped, as a newer save came, leaves nothing beyond the folder.
      const compile = { ...options, environment: { ...context.env, TMPDIR: folder } };
      const onSave = options.clear ? context.clear : (): void => undefined;
      const shared = { options: compile, folder, watched, round: () => round, onSave };
      if (targets === undefined) return await watchLocally(units, { ...shared, output: own.output }, signal);
      const named = await nameUnits(units, shared, own);
      return await forEach(targets, own, (target, each) => watchTarget(target, named, shared, each));
    });
  } finally {
    deafen();
  }
}

/** Units with their modules: of one whose image alone can tell, the image is asked, or its name where it cannot be built. */
async function nameUnits(units: readonly Unit[], { options, folder }: Shared, context: Context): Promise<Unit[]> {
  const cache = new ImageCache(cacheFolder(context.env));
  const pushContext: PushContext = { output: context.output, options, folder, cache };
  const named: Unit[] = [];
  for (const unit of units) {
    if (unit.module !== undefined) {
      named.push(unit);
      continue;
    }
    const push = { id: 0, unit, clock: new PushClock(), read: readFromDisk, revision: 'first' };
    const made = await build(push, hostTriple(), pushContext, context.signal);
    const module = 'event' in made ? moduleOfLibrary(unit.path) : made.built.contract.module;
    named.push({ ...unit, module });
  }
  return named;
}

async function watchTarget(
  target: AgentTarget,
  units: readonly Unit[],
  { options, folder, watched, round, onSave }: Shared,
  context: Context,
): Promise<number> {
  const { output, signal } = context;
  const cache = new ImageCache(cacheFolder(context.env));
  const connection = new RenewingConnection(await connect(target, context));
  const stopRenewing = keepRenewed(target, context, (next) => connection.replace(next));
  try {
    const { address } = target;
    const session = await ReconnectingSession.open({
      open: () => PushSession.open(connection.current, address, signal, cache),
      address,
      lost: 'disconnected',
      show: (report) => output.show(report),
      signal,
    });
    let pushes = 0;
    const nextId = (): number => ++pushes;
    const history = (program: string, module: string) => connection.history(program, module);
    const { debounceMs, both } = options;
    const followContext = { output, options, folder, cache, both, debounceMs, nextId, onSave, round, history };
    const saveGroups = new Map<string, SaveGroup>();
    const followers = units.map((unit) => {
      const wish = { ...target, module: unit.module ?? '' };
      const destination = chooseModule(session.state, wish, address);
      const saveGroup = saveGroups.get(destination.program) ?? new SaveGroup();
      saveGroups.set(destination.program, saveGroup);
      return new SourceFollower(unit, destination, saveGroup, session, followContext);
    });
    for (const follower of followers)
      watched.add({
        again: () => follower.again(),
        pause: () => follower.pause(),
        resume: () => follower.resume(),
        rollBack: () =>
          follower.rollBack(({ program, module }) => {
            const how = { output, timeoutMs: rollbackMs, push: nextId() };
            return rollBack({ program, module, version: 0 }, connection.current, how, signal);
          }),
      });
    const stops = await Promise.all(followers.map((follower) => follower.start(signal)));
    try {
      await session.ended;
    } finally {
      for (const saveGroup of saveGroups.values()) saveGroup.close();
      await Promise.all(stops.map((stop) => stop()));
    }
    return 0;
  } catch (thrown) {
    if (signal.aborted) return 0;
    throw thrown;
  } finally {
    stopRenewing();
    connection.close();
  }
}
