import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder that holds this package's `package.json`: where `proto/`, `runtime/` and `std/` stand, whether the code
 * runs from `dist/` or from source.
 */
export const packageRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));

/** The version of this package, as `package.json` states it. */
export const packageVersion: string = readVersion();

function findRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (nameIn(folder) === 'vais-remote') return folder;
    if (folder === dirname(folder)) throw new Error(`no package.json of vais-remote above ${start}`);
  }
}

function nameIn(folder: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string }).name;
  } catch {
    return undefined;
  }
}

function readVersion(): string {
  return (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version;
}
