import { stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { hostTriple } from '../../artifact/image/triple.ts';
import { VaisError } from '../../common/error.ts';
import { SourceWatcher } from '../../common/watch/source-watcher.ts';
import { TreeWatcher } from '../../common/watch/tree-watcher.ts';
import { readLibrary } from './library.ts';
import { type BuildCommand, type BuildEnd, runBuild } from './run-build.ts';
import { SharedBuild } from './shared-build.ts';
import type { BuildOrder, Prepared, Unit } from './unit.ts';

/** A module that the user's own command builds. */
export interface BuildPlan {
  /** The line for the shell; without one, something else builds the image, and the image itself is watched. */
  readonly build: string | undefined;
  /** The library that it builds. */
  readonly image: string;
  /** Files and folders whose changes start it; without any, the sources in `folder`. */
  readonly watch: readonly string[];
  /** Where the command runs. */
  readonly folder: string;
  /** The module, where that is said. */
  readonly module?: string | undefined;
}

/** A unit that a command builds. */
export function commandUnit(plan: BuildPlan): Unit {
  const { build, image, folder } = plan;
  const path = relative('.', image) || image;
  const shared = new SharedBuild();
  /** One for each target that is followed. */
  const watchers = new Set<TreeWatcher>();
  return {
    path,
    module: plan.module,
    hasTiers: false,
    placesImage: true,
    require: () => requirePaths(plan.watch),
    build: async (order) => {
      const started = performance.now();
      const failure = build === undefined ? undefined : await shared.run(order, (signal) => run(build, order, signal));
      if (failure !== undefined) return failure;
      const built = await readLibrary(image, order, plan.module);
      if (build === undefined) return { ok: true, built, diagnostics: [] };
      const compiled = { toolchain: toolOf(build), front: 0, back: performance.now() - started };
      return { ok: true, built: { ...built, compiled }, diagnostics: [] };
    },
    watch: async (debounceMs, onChange) => {
      if (build === undefined) return await SourceWatcher.start(image, debounceMs, onChange);
      const roots = plan.watch.length > 0 ? plan.watch : [folder];
      const watcher = await TreeWatcher.start(roots, { debounceMs, except: [image] }, onChange);
      watchers.add(watcher);
      return watcher;
    },
  };

  async function run(line: string, order: BuildOrder, signal: AbortSignal): Promise<Prepared | undefined> {
    const environment = { ...order.options.environment, VAIS_TRIPLE: order.triple ?? hostTriple() };
    for (const watcher of watchers) watcher.building();
    const failure = await runTo({ command: line, folder, environment }, `\`${line}\``, path, order, signal);
    for (const watcher of watchers) watcher.built();
    return failure;
  }
}

/** Runs a build. Returns what is wrong with the source, if anything. */
export async function runTo(
  command: BuildCommand,
  called: string,
  about: string,
  order: Pick<BuildOrder, 'output'>,
  signal: AbortSignal,
): Promise<Prepared | undefined> {
  const end = await runBuild(command, about, order.output, signal);
  if (end.code === 0) return undefined;
  return { ok: false, diagnostics: [], message: `${called} ${how(end)}` };
}

function how({ code, signal }: BuildEnd): string {
  if (code === undefined) return 'cannot be started: there is no such command';
  if (signal !== undefined) return `was ended by ${signal}`;
  return `ended with exit code ${code}`;
}

async function requirePaths(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const there = await stat(path).catch(() => undefined);
    if (there === undefined)
      throw new VaisError('usage', `cannot watch ${path}: there is no such file or folder`, { hint: 'Check --watch.' });
  }
}

/** What stands first in a command line: `make` of `make -j8 game`. */
function toolOf(line: string): string {
  const [first = line] = line.trim().split(/\s+/);
  return first.split('/').at(-1) ?? first;
}
