import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { moduleOfFile } from '../../artifact/contract/name.ts';
import { packageRoot } from '../../common/package-root.ts';
import type { File, ImportItem } from './ast.ts';
import { didYouMean, type Reporter } from './diagnostic.ts';
import { parse } from './parse.ts';
import { Source } from './source.ts';

/** One source file of a program, with those that it imports. */
export interface Module {
  /** `game` of `game.vais`. Two files may have one name only where nothing goes by it: see `requireOwnNames`. */
  readonly name: string;
  readonly path: string;
  readonly file: File;
  /** Of the bundled library. */
  readonly bundled: boolean;
  readonly imports: Module[];
}

/** Where sources come from: a file system, or an editor's buffers. Undefined when there is no such file. */
export type ReadSource = (path: string) => string | undefined;

export const readFromDisk: ReadSource = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** Why a source cannot be read from the disk, as the end of a sentence about it. */
export function whyUnreadable(path: string): string {
  try {
    readFileSync(path);
    return 'cannot be read';
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
    if (code === 'EISDIR') return 'is a folder, not a source';
    return code === 'EACCES' || code === 'EPERM' ? 'may not be read' : `cannot be read: ${code ?? String(thrown)}`;
  }
}

/** Folders by name, from the `dependencies` of `vais.toml`, and the package's `src/`. */
export interface SearchPath {
  readonly folders: readonly string[];
  readonly packages: ReadonlyMap<string, string>;
}

const bundled = ['std/hot', 'std/io', 'std/math', 'std/option'];

/** Parses a file and all that it imports. The first of the list is the file itself; imports may form a circle. */
export function loadModules(
  path: string,
  text: string,
  read: ReadSource,
  search: SearchPath,
  report: Reporter,
): [Module, ...Module[]] {
  const modules = new Map<string, Module>();
  const root = add(path, text, false);
  return [root, ...[...modules.values()].filter((module) => module !== root)];

  function add(from: string, content: string, inStd: boolean): Module {
    const source = new Source(from, content);
    const file = parse(source, report);
    // The bundled ones have names that no file of a program can have.
    const name = inStd ? `std/${moduleOfFile(from)}` : moduleOfFile(from);
    const module: Module = { name, path: from, file, bundled: inStd, imports: [] };
    modules.set(resolve(from), module);
    for (const item of file.items) {
      if (item.kind !== 'import') continue;
      const imported = find(from, item, inStd);
      if (imported !== undefined && !module.imports.includes(imported)) module.imports.push(imported);
    }
    return module;
  }

  function find(from: string, item: ImportItem, inStd: boolean): Module | undefined {
    const candidates = candidatesFor(from, item.path, search);
    for (const candidate of candidates) {
      const known = modules.get(resolve(candidate));
      if (known) return known;
      const content = read(candidate);
      if (content !== undefined) return add(candidate, content, inStd || item.path.startsWith('std/'));
    }
    report.error('E0801', item.span, `there is no module \`${item.path}\``, {
      hint: item.path.startsWith('std/')
        ? (didYouMean(item.path, bundled) ?? `the bundled library has ${bundled.join(', ')}`)
        : `looked for ${candidates.join(' and ')}`,
    });
    return undefined;
  }
}

function candidatesFor(from: string, path: string, search: SearchPath): string[] {
  if (path.startsWith('std/')) return [join(packageRoot, `${path}.vais`)];
  const [head = '', ...rest] = path.split('/');
  const dependency = search.packages.get(head);
  const inDependency =
    dependency === undefined ? [] : [join(dependency, 'src', `${rest.length > 0 ? rest.join('/') : head}.vais`)];
  const folders = [dirname(from), ...search.folders];
  return [...inDependency, ...new Set(folders.map((folder) => join(folder, `${path}.vais`)))];
}
