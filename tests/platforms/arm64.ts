import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { packageRoot } from '../../common/package-root.ts';
import type { Machine } from '../scenario/machine.ts';
import { missingNode, nodeOf, placeApplication } from './application.ts';
import { hasTool } from './tools.ts';

const emulator = 'qemu-aarch64-static';
/** Where Debian's cross packages put the C and C++ libraries for arm64. */
const libraries = '/usr/aarch64-linux-gnu';
const run = [emulator, '-L', libraries] as const;

function missing(): string | undefined {
  if (!hasTool(emulator)) return `there is no ${emulator}: apt-get install qemu-user-static`;
  if (!hasTool('aarch64-linux-gnu-gcc'))
    return 'there is no aarch64-linux-gnu-gcc: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross';
  if (!existsSync(join(libraries, 'lib', 'libstdc++.so.6')))
    return 'there is no libstdc++ for arm64: apt-get install libstdc++6-arm64-cross';
  return missingNode('linux-arm64');
}

/**
 * Linux on arm64: agent and program run under qemu's user mode emulation, the agent on Node's arm64 build; the developer
 * sits at this machine and compiles across.
 */
export function arm64(): Machine {
  let home = '';
  return {
    name: 'Linux arm64',
    triple: 'aarch64-linux-gnu',
    missing: missing(),
    build: ['--target', 'aarch64-linux-gnu'],
    node: (role, file) => {
      if (role !== 'agent') return [process.execPath, file];
      const preload = ['--require', join(home, 'exec-path.cjs')];
      return [...run, nodeOf('linux-arm64'), ...preload, join(home, relative(packageRoot, file))];
    },
    program: (path) => [...run, path],
    open: async (folder) => {
      home = join(folder, 'vais-remote');
      await placeApplication('linux-arm64', home);
      // The kernel cannot start an arm64 executable. Where the agent starts Node again, for its check process, this stands in.
      const node = join(home, 'node');
      await writeFile(node, `#!/bin/sh\nexec ${[...run, nodeOf('linux-arm64')].join(' ')} "$@"\n`, { mode: 0o755 });
      await writeFile(join(home, 'exec-path.cjs'), `process.execPath = ${JSON.stringify(node)};\n`);
    },
  };
}
