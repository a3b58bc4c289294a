import { readdir, readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { VaisError } from '../../common/error.ts';
import { packageRoot } from '../../common/package-root.ts';

/** What an agent is started by, below the bundle's folder. */
export const agentProgram = 'dist/agent/bin.js';

/** The files that nothing but these reach, besides what they import. */
const entries = [agentProgram, 'dist/agent/check/check-child.js'];
const imports = /\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;
/** Of packages: what no program reads. */
const needless = /\.(?:d\.[cm]?ts|[cm]?ts|map|md|markdown|flow|cc|h)$|^\/(?:tests?|docs?|examples?|vendor)\//;

/**
 * The files of an agent that stands alone, as paths below the package's folder: what its program imports, and the packages
 * that this needs, for the platform that they are installed for here.
 *
 * @throws VaisError `internal` when the package is not built
 */
export async function agentFiles(): Promise<string[]> {
  const found = new Set<string>();
  const packages = new Set<string>();
  const follow = async (path: string): Promise<void> => {
    if (found.has(path)) return;
    found.add(path);
    for (const specifier of await importsOf(path)) {
      if (specifier.startsWith('.')) await follow(join(dirname(path), specifier));
      else if (!isBuiltin(specifier)) packages.add(packageOf(specifier));
    }
  };
  for (const entry of entries) await follow(entry);
  const folders = new Set<string>();
  for (const name of packages) await addPackage(name, '', folders);
  const inside = await Promise.all([...folders, 'proto'].map((folder) => filesIn(folder)));
  return [...found, 'package.json', ...inside.flat()].sort();
}

async function importsOf(path: string): Promise<string[]> {
  const text = await readFile(join(packageRoot, path), 'utf8').catch((cause: unknown) => {
    throw new VaisError('internal', `${path} is not there`, { hint: 'Build the package first: npm run build.', cause });
  });
  return Array.from(text.matchAll(imports), ([, specifier = '']) => specifier);
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** A package and all that it depends on, found as Node finds them: beside whoever wants it, or further up. */
async function addPackage(name: string, from: string, folders: Set<string>): Promise<void> {
  for (let base = from; ; base = dirname(base) === '.' ? '' : dirname(base)) {
    const folder = join(base, 'node_modules', name);
    const text = await readFile(join(packageRoot, folder, 'package.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) {
      if (folders.has(folder)) return;
      folders.add(folder);
      const { dependencies = {}, optionalDependencies = {} } = JSON.parse(text) as Record<
        string,
        Record<string, string>
      >;
      const wanted = Object.keys({ ...dependencies, ...optionalDependencies });
      for (const each of wanted) await addPackage(each, folder, folders);
      return;
    }
    if (base === '') return; // Optional, and for another platform.
  }
}

/** All files of a folder, but those of packages inside it. */
async function filesIn(folder: string): Promise<string[]> {
  const root = join(packageRoot, folder);
  const all = await readdir(root, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile())
    .map((entry) => relative(packageRoot, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .filter(
      (path) => !path.slice(folder.length).includes('/node_modules/') && !needless.test(path.slice(folder.length)),
    );
}
