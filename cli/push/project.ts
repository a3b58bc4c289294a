import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parse } from 'smol-toml';
import { validateName } from '../../artifact/contract/name.ts';
import { VaisError } from '../../common/error.ts';
import { commandUnit } from './build-command.ts';
import { unitOf } from './language.ts';
import type { Unit } from './unit.ts';

/** What `vais.toml` says to `push` and `watch`: what would otherwise be flags. */
export interface Project {
  readonly path: string;
  readonly targets: ReadonlyMap<string, string>;
  readonly modules: ReadonlyMap<string, ProjectModule>;
}

/** One `[module.NAME]`. Paths are as seen from the current folder. */
export interface ProjectModule {
  readonly name: string;
  readonly unit: Unit;
}

type Table = Record<string, unknown>;

/**
 * The project of a folder: that of the nearest `vais.toml` with modules or targets, in it or above it.
 *
 * @throws VaisError `usage` for one that makes no sense
 */
export function findProject(folder = resolve('.')): Project | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'vais.toml');
    if (existsSync(path)) {
      const project = readProject(path);
      if (project.modules.size > 0 || project.targets.size > 0) return project;
    }
    if (at === dirname(at)) return undefined;
  }
}

/** Reads a `vais.toml`. Its other tables belong to `vaisc`. @throws VaisError `usage` */
export function readProject(path: string): Project {
  const table = readToml(path);
  const targets = new Map<string, string>();
  for (const [name, entry] of entriesOf(table, 'target', path)) {
    const where = `[target.${name}]`;
    requireKeys(entry, ['to'], where, path);
    const to = text(entry, 'to', where, path);
    if (to === undefined)
      throw bad(path, `${where} lacks \`to\``, 'Write to = "NAME", "HOST:PORT" or "docker://NAME".');
    targets.set(name, to);
  }
  const modules = new Map<string, ProjectModule>();
  for (const [name, entry] of entriesOf(table, 'module', path)) modules.set(name, moduleOf(name, entry, path));
  return { path, targets, modules };
}

function moduleOf(name: string, entry: Table, path: string): ProjectModule {
  const where = `[module.${name}]`;
  validateName('module', name);
  requireKeys(entry, ['source', 'build', 'image', 'watch'], where, path);
  const folder = relative('.', dirname(path)) || '.';
  const at = (file: string): string => relative('.', join(folder, file)) || '.';
  const source = text(entry, 'source', where, path);
  const image = text(entry, 'image', where, path);
  const build = text(entry, 'build', where, path);
  const watch = texts(entry, 'watch', where, path);
  if (source !== undefined) {
    const other = ['build', 'image', 'watch'].find((key) => entry[key] !== undefined);
    if (other !== undefined)
      throw bad(
        path,
        `${where} has \`source\` and \`${other}\``,
        'A source is built by vais-remote itself: leave one out.',
      );
    const unit = unitOf(at(source));
    if (unit.module !== name)
      throw bad(
        path,
        `${where} names ${source}, whose module is ${unit.module ?? 'said by the library'}`,
        `Write [module.${unit.module ?? name}], or \`image\`.`,
      );
    return { name, unit };
  }
  if (image === undefined)
    throw bad(path, `${where} lacks \`image\``, 'Write image = "libgame.so" and build = "make", or source = "game.c".');
  return { name, unit: commandUnit({ build, image: at(image), watch: watch.map(at), folder, module: name }) };
}

function entriesOf(table: Table, key: string, path: string): [string, Table][] {
  const found = table[key];
  if (found === undefined) return [];
  if (!isTable(found)) throw bad(path, `\`${key}\` is no table`, `Write [${key}.NAME].`);
  return Object.entries(found).map(([name, entry]) => {
    if (!isTable(entry)) throw bad(path, `\`${key}.${name}\` is no table`, `Write [${key}.NAME].`);
    return [name, entry];
  });
}

function requireKeys(entry: Table, known: readonly string[], where: string, path: string): void {
  const other = Object.keys(entry).find((key) => !known.includes(key));
  if (other !== undefined)
    throw bad(path, `${where} has \`${other}\`, which means nothing`, `It may have ${known.join(', ')}.`);
}

function text(entry: Table, key: string, where: string, path: string): string | undefined {
  const value = entry[key];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw bad(path, `\`${key}\` in ${where} is no text`, `Write ${key} = "…".`);
}

function texts(entry: Table, key: string, where: string, path: string): readonly string[] {
  const value = entry[key];
  const list = value === undefined ? [] : Array.isArray(value) ? (value as unknown[]) : [value];
  return list.map((each) => {
    if (typeof each === 'string' && each !== '') return each;
    throw bad(path, `\`${key}\` in ${where} is no list of texts`, `Write ${key} = ["src"].`);
  });
}

function readToml(path: string): Table {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (thrown) {
    const why = thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown);
    throw bad(path, why, 'Fix it and try again.');
  }
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function bad(path: string, message: string, hint: string): VaisError {
  return new VaisError('usage', `${relative('.', path)}: ${message}`, { hint });
}
