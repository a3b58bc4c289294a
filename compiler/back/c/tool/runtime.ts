import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../../common/package-root.ts';
import type { Toolchain } from './find.ts';
import { run } from './run.ts';

export const runtimeFolder = join(packageRoot, 'runtime');

/** The runtime is not what is being debugged or tuned: it is always built like this. */
const flags = ['-std=gnu11', '-O2', '-g', '-w', '-fvisibility=hidden'];

/**
 * What to link for the runtime: objects built once for each compiler and kept in the user's cache, named by their
 * content; where that cannot be written, the C files themselves.
 */
export async function runtimeInputs(toolchain: Toolchain): Promise<string[]> {
  const sources = readdirSync(runtimeFolder)
    .filter((name) => name.endsWith('.c'))
    .sort();
  const paths = sources.map((name) => join(runtimeFolder, name));
  if (toolchain.name === 'tcc') return paths;
  const hash = createHash('sha256').update([toolchain.command, toolchain.version, ...flags].join('\n'));
  for (const name of readdirSync(runtimeFolder).sort())
    hash.update(`\n${name}\n`).update(readFileSync(join(runtimeFolder, name)));
  const cache = join(homedir(), '.cache', 'vais-remote', 'runtime');
  const folder = join(cache, hash.digest('hex').slice(0, 32));
  const objects = sources.map((name) => join(folder, name.replace(/c$/, 'o')));
  if (await isFolder(folder)) return objects;
  const aside = `${folder}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await mkdir(aside, { recursive: true, mode: 0o700 });
    const { code } = await run(toolchain.command, [...flags, '-c', ...paths], undefined, undefined, { cwd: aside });
    if (code !== 0) return paths;
    // Another build may have been first; what it made is the same.
    await rename(aside, folder).catch(() => undefined);
    return (await isFolder(folder)) ? objects : paths;
  } catch {
    return paths;
  } finally {
    await rm(aside, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
