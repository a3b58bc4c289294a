import { Command, Option } from 'commander';
import { moduleOfFile } from '../../artifact/contract/name.ts';
import { VaisError } from '../../common/error.ts';
import { chooseModule } from '../push/destination.ts';
import { type CompileOptions, classify, requireInput } from '../push/prepare.ts';
import { SaveGroup } from '../push/save-group.ts';
import { SourceFollower } from '../push/source-follower.ts';
import { AgentLine } from '../session/agent-line.ts';
import { cacheFolder, ImageCache } from '../session/image-cache.ts';
import { type Context, withFolder } from '../show/context.ts';
import { connect, readTarget } from '../targets/connect.ts';
import { keepRenewed } from '../targets/renewal.ts';
import {
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
export function command(edge: Edge): Command {
  const debounce = new Option('--debounce <ms>', 'how long a burst of file events may pause before it is over');
  return compiling(new Command('watch'))
    .description('push at each save, until Ctrl-C')
    .argument('<file...>', 'a .vais source')
    .addOption(toOption())
    .addOption(debounce.argParser(milliseconds).default(100, '100'))
    .addOption(jsonOption())
    .action((files: string[], flags: TargetFlags & CompileFlags & { debounce: number }) => {
      const both = flags.tier !== 'fast';
      const options = { ...compileOptions(flags), ...wanted(flags, edge), debounceMs: flags.debounce, both };
      return edge.run('watch', flags, (context) => watch(files, options, context));
    });
}

export interface WatchOptions extends CompileOptions {
  readonly to?: string;
  readonly debounceMs: number;
  /** Bring the optimized build behind the fast one, as the same version. */
  readonly both: boolean;
}

/** `watch FILE…`: a push at each save, until Ctrl-C. */
async function watch(paths: readonly string[], options: WatchOptions, context: Context): Promise<number> {
  const { output, signal } = context;
  const target = await readTarget(options.to, context);
  const files = paths.map(classify);
  for (const file of files) {
    await requireInput(file.path);
    requireOwnModule(
      file.path,
      files.map(({ path }) => path),
    );
    if (file.kind === 'source') continue;
    throw new VaisError('usage', `${file.path} is a library, and \`watch\` follows sources`, {
      hint: `Watch the .vais file; a library is sent with \`vais-remote push ${file.path}\`.`,
    });
  }
  const cache = new ImageCache(cacheFolder(context.env));
  const line = new AgentLine(await connect(target, context), target.address, output, signal, cache);
  const stopRenewing = keepRenewed(target, context, (next) => line.replace(next));
  try {
    const { state } = await line.open();
    let pushes = 0;
    await withFolder(async (folder) => {
      // A C compiler that is stopped, as a newer save came, leaves nothing beyond the folder.
      const environment = { ...context.env, TMPDIR: folder };
      const pushContext = { output, options: { ...options, environment }, folder, both: options.both };
      const saveGroups = new Map<string, SaveGroup>();
      const followers = files.map((file) => {
        const wanted = { ...target, module: moduleOfFile(file.path) };
        const destination = chooseModule(state, wanted, target.address);
        const saveGroup = saveGroups.get(destination.program) ?? new SaveGroup();
        saveGroups.set(destination.program, saveGroup);
        return new SourceFollower(file, destination, saveGroup, line, pushContext, () => ++pushes);
      });
      const stops = await Promise.all(followers.map((follower) => follower.start(options.debounceMs, signal)));
      try {
        await line.keep();
      } finally {
        for (const saveGroup of saveGroups.values()) saveGroup.close();
        await Promise.all(stops.map((stop) => stop()));
      }
    });
    return 0;
  } catch (thrown) {
    if (signal.aborted) return 0;
    throw thrown;
  } finally {
    stopRenewing();
    line.close();
  }
}

/** @throws VaisError `usage` where another of the files is the same module */
function requireOwnModule(path: string, all: readonly string[]): void {
  const module = moduleOfFile(path);
  const same = all.filter((other) => moduleOfFile(other) === module);
  if (same.length < 2) return;
  throw new VaisError('usage', `two of the files are module ${module}: ${same.join(', ')}`, {
    hint: 'A module is named after its file. Watch them one by one, each for its program.',
  });
}
