import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { packageRoot } from '../../common/package-root.ts';
import type { Command, Machine } from '../scenario/machine.ts';
import { missingNode, missingWine, nodeOf, placeApplication, wineFolder } from './application.ts';

/**
 * The environment of everything that runs under Wine: its own Windows, and no words of Wine's on standard error. Its server,
 * which all that use one Windows share, has its socket in TMPDIR, and would be lost with a test's own.
 */
export const wineEnvironment: NodeJS.ProcessEnv = { WINEPREFIX: wineFolder, WINEDEBUG: '-all', TMPDIR: tmpdir() };

/**
 * How something is started under Wine. Node's build for Windows cannot write to a socket or a pipe of Unix, which are all
 * that it could be given: so it writes to files, which are followed. `exec` leaves the pid to the process itself.
 */
const followed = `
out=$(mktemp -p "$PWD" .out.XXXXXX) err=$(mktemp -p "$PWD" .err.XXXXXX)
tail -s 0.1 --pid=$$ -n +1 -f "$out" & tail -s 0.1 --pid=$$ -n +1 -f "$err" >&2 &
exec wine "$@" > "$out" 2> "$err"
`;
export const wine = ['bash', '-c', followed, 'wine'] as const;

/** Why nothing can be run on Windows here; undefined when it can. */
export function missingWindows(): string | undefined {
  const has = (command: string): boolean =>
    (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)));
  if (!has('wine')) return 'there is no wine: apt-get install wine64 wine';
  if (!has('x86_64-w64-mingw32-gcc')) return 'there is no x86_64-w64-mingw32-gcc: apt-get install gcc-mingw-w64-x86-64';
  return missingNode('win32-x64') ?? missingWine();
}

/**
 * Windows, as Wine has it: program and agent run there, on Node's build for Windows, and `vais-remote` too where `cli` is
 * `windows`; else the developer sits at this machine and compiles across. `vaisc` runs here in any case.
 */
export function windows({ cli }: { cli: 'here' | 'windows' }): Machine {
  let home = '';
  const inWine = (file: string): Command => [...wine, nodeOf('win32-x64'), join(home, relative(packageRoot, file))];
  return {
    name: cli === 'here' ? 'Windows x86-64' : 'Windows x86-64, pushed from Windows',
    triple: 'x86_64-windows-gnu',
    missing: missingWindows(),
    build: ['--target', 'x86_64-windows-gnu'],
    prebuilt: cli === 'windows',
    env: wineEnvironment,
    node: (role, file) =>
      role === 'agent' || (role === 'vais-remote' && cli === 'windows') ? inWine(file) : [process.execPath, file],
    program: (path) => [...wine, path],
    open: async (folder) => {
      home = join(folder, 'vais-remote');
      await placeApplication('win32-x64', home);
    },
  };
}
