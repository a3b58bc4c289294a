import { resolve } from 'node:path';
import { VaisError } from '../../common/error.ts';
import { commandUnit } from './build-command.ts';
import { unitOf } from './language.ts';
import type { Project } from './project.ts';
import type { Unit } from './unit.ts';

/** What `push` and `watch` are told to work on. */
export interface BuildWish {
  /** Files, or names of modules in `vais.toml`. */
  readonly names: readonly string[];
  readonly build?: string;
  readonly image?: string;
  readonly watch: readonly string[];
  readonly module?: string;
}

/**
 * The units that are meant: those of the words and flags; without any, those of the project.
 *
 * @throws VaisError `usage` where that is nothing, or two are the same module
 */
export function unitsOf(wish: BuildWish, project: Project | undefined): readonly [Unit, ...Unit[]] {
  const { names, build, image, watch, module } = wish;
  const units = names.map((name) => project?.modules.get(name)?.unit ?? unitOf(name));
  if (image !== undefined) units.push(commandUnit({ build, image, watch, folder: '.', module }));
  else if (build !== undefined)
    throw new VaisError('usage', '--build says how, and not what is built', {
      hint: 'Name the library that it builds: --image build/libgame.so.',
    });
  else if (watch.length > 0)
    throw new VaisError('usage', '--watch belongs to --build and --image', {
      hint: 'What a source includes or imports is watched without being named.',
    });
  if (units.length === 0 && project !== undefined) units.push(...[...project.modules.values()].map(({ unit }) => unit));
  const [first, ...rest] = units;
  if (first === undefined)
    throw new VaisError('usage', 'there is nothing to push: no file, no --image, and no module in vais.toml', {
      hint: 'Name a source or a library, or write [module.game] into vais.toml: see docs/cli.md.',
    });
  requireOwnModules(units);
  return [first, ...rest];
}

/** What goes to one program as two images of one module can only be a mistake. */
function requireOwnModules(units: readonly Unit[]): void {
  for (const unit of units) {
    const same = units.filter(
      ({ module, path }) => (module !== undefined && module === unit.module) || resolve(path) === resolve(unit.path),
    );
    if (same.length < 2) continue;
    const paths = same.map(({ path }) => path).join(', ');
    throw new VaisError('usage', `two of the files are module ${unit.module ?? unit.path}: ${paths}`, {
      hint: 'A module is named after its file. Give them one by one, each for its program.',
    });
  }
}

/** Where it goes: what was said, by its name in the project where it has one; else the project's only target. */
export function targetOf(to: string | undefined, project: Project | undefined): string | undefined {
  if (project === undefined) return to;
  if (to === undefined) {
    const [only, ...others] = project.targets.values();
    return others.length === 0 ? only : undefined;
  }
  return to
    .split(',')
    .map((each) => {
      const [name = '', ...program] = each.split('/');
      const known = project.targets.get(name);
      return known === undefined ? each : [known, ...program].join('/');
    })
    .join(',');
}
