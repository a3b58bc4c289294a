import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'smol-toml';
import { VaisError } from '../../common/error.ts';
import type { SearchPath } from './modules.ts';

/** A folder with a `vais.toml`: its name, its first source, and where its imports come from. */
export interface Package {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  /** The path of its first source; `src/main.vais` unless `source` says otherwise. */
  readonly source: string;
  readonly search: SearchPath;
}

/**
 * Reads the package of a folder. Throws `usage` when there is none, or it says something that makes no sense.
 * Other tables of `vais.toml` belong to other commands and are left alone.
 */
export function readPackage(folder: string): Package {
  const path = join(folder, 'vais.toml');
  const table = section(readToml(path), 'package', path);
  const name = text(table, 'name', path);
  if (name === undefined) throw bad(path, '`[package]` lacks `name`');
  const source = join(folder, text(table, 'source', path) ?? 'src/main.vais');
  return { folder, name, version: text(table, 'version', path) ?? '0.0.0', source, search: searchPath(folder) };
}

/** Where imports of a package's sources are looked for: its `src/`, and its dependencies by path, and theirs. */
function searchPath(folder: string, seen = new Set<string>()): SearchPath {
  seen.add(resolve(folder));
  const path = join(folder, 'vais.toml');
  const packages = new Map<string, string>();
  const folders = [join(folder, 'src')];
  const dependencies = existsSync(path) ? section(readToml(path), 'dependencies', path) : {};
  for (const [name, value] of Object.entries(dependencies)) {
    const where = typeof value === 'string' ? value : isTable(value) ? text(value, 'path', path) : undefined;
    if (where === undefined)
      throw bad(path, `the dependency \`${name}\` has no path`, `Write \`${name} = { path = "../${name}" }\`.`);
    const target = join(folder, where);
    if (!existsSync(target)) throw bad(path, `the dependency \`${name}\` is not at \`${target}\``);
    packages.set(name, target);
    if (seen.has(resolve(target))) continue;
    const inner = searchPath(target, seen);
    for (const [innerName, innerPath] of inner.packages)
      if (!packages.has(innerName)) packages.set(innerName, innerPath);
    folders.push(...inner.folders);
  }
  return { folders, packages };
}

/** The search path of a source: that of the nearest `vais.toml` above it, where there is one with a `[package]`. */
export function searchPathOf(file: string): SearchPath {
  for (let folder = dirname(resolve(file)); ; folder = dirname(folder)) {
    const path = join(folder, 'vais.toml');
    if (existsSync(path) && 'package' in readToml(path)) return searchPath(folder);
    if (folder === dirname(folder)) return { folders: [], packages: new Map() };
  }
}

function readToml(path: string): Record<string, unknown> {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new VaisError('usage', `there is no \`${path}\``, {
      hint: 'A package is a folder with a `vais.toml`: `[package]`, `name = "game"`.',
      cause,
    });
  }
  try {
    return parse(content);
  } catch (cause) {
    throw bad(path, cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause));
  }
}

function section(table: Record<string, unknown>, name: string, path: string): Record<string, unknown> {
  const found = table[name];
  if (found === undefined && name !== 'package') return {};
  if (!isTable(found)) throw bad(path, `there is no table \`[${name}]\``);
  return found;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(table: Record<string, unknown>, key: string, path: string): string | undefined {
  const value = table[key];
  if (value === undefined || typeof value === 'string') return value;
  throw bad(path, `\`${key}\` is no string`);
}

function bad(path: string, message: string, hint = 'Mend `vais.toml`.'): VaisError {
  return new VaisError('usage', `${path}: ${message}`, { hint });
}
