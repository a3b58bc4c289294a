import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Machine, thisMachine } from '../scenario/machine.ts';
import { hasTool } from './tools.ts';

/** musl's loader, which is its C library as well: all that a root needs for a program that is linked with it. */
const loader = '/lib/ld-musl-x86_64.so.1';

function missing(): string | undefined {
  if (thisMachine.triple !== 'x86_64-linux-gnu') return 'it needs an x86-64 Linux machine with glibc';
  if (!hasTool('musl-gcc') || !existsSync(loader)) return 'there is no musl: apt-get install musl-tools';
  if (spawnSync('unshare', ['-r', '-m', 'true']).status !== 0)
    return 'no mount namespace can be made: run it as root, or allow user namespaces';
  return undefined;
}

/**
 * Linux with musl: the program runs in a root that has nothing but musl's loader, the test's folder and /proc, as an
 * Alpine container would; the agent runs beside it on Node for glibc.
 */
export function musl(): Machine {
  let enter = '';
  return {
    ...thisMachine,
    name: 'Linux x86-64, musl',
    triple: 'x86_64-linux-musl',
    missing: missing(),
    build: ['--target', 'x86_64-linux-musl'],
    program: (path) => ['unshare', '-r', '-m', 'sh', enter, path],
    open: async (folder) => {
      const root = join(folder, 'root');
      for (const part of ['lib', 'proc', 'tmp', folder]) await mkdir(join(root, part), { recursive: true });
      await copyFile(loader, join(root, loader));
      enter = join(folder, 'enter.sh');
      const mounts = [`mount --rbind /proc ${root}/proc`, `mount --rbind ${folder} ${root}${folder}`];
      await writeFile(enter, `set -e\n${mounts.join('\n')}\nexec chroot ${root} "$@"\n`);
    },
  };
}
