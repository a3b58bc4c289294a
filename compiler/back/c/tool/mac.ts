import { rm, writeFile } from 'node:fs/promises';
import { VaisError } from '../../../../common/error.ts';
import { named, type Toolchain } from './find.ts';
import { type BuildOptions, flagsOf } from './flags.ts';
import { call, judge } from './judge.ts';
import { run } from './run.ts';
import { runtimeFolder } from './runtime.ts';

/**
 * Names the library that every library of macOS must name: its loader takes none that names no other. Written here, as
 * there is no SDK; what an image calls is looked up when it is loaded.
 */
const libSystem = `--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '/usr/lib/libSystem.B.dylib'
...
`;

/** Compiles for macOS from elsewhere, and links with LLVM's linker for it. Images only. */
export async function buildForMac(c: string, options: BuildOptions, aside: string): Promise<void> {
  const { triple, toolchain, signal } = options;
  if (options.kind === 'program') {
    throw new VaisError('toolchain_missing', `a program for ${triple} can be linked only on a Mac`, {
      hint: 'Build images for it here (`--hot`), and the program there.',
    });
  }
  const arch = triple === 'aarch64-macos' ? 'arm64' : 'x86_64';
  const object = `${aside}.o`;
  const system = `${aside}.tbd`;
  try {
    await writeFile(system, libSystem);
    const flags = [
      `--target=${arch}-apple-macos11`,
      ...flagsOf(options),
      '-w',
      '-I',
      runtimeFolder,
      '-x',
      'c',
      '-',
      '-c',
      '-o',
      object,
    ];
    await call(toolchain, flags, c, signal);
    const args = [
      '-dylib',
      '-undefined',
      'dynamic_lookup',
      '-arch',
      arch,
      '-platform_version',
      'macos',
      '11.0',
      '11.0',
      '-o',
      aside,
      object,
      system,
    ];
    const linker = await linkerFor(toolchain, signal);
    if (linker === undefined)
      throw new VaisError('toolchain_missing', `no linker for ${triple} was found`, {
        hint: 'Install it: `apt-get install lld`.',
      });
    judge(linker, await run(linker, args, undefined, signal));
  } finally {
    await rm(object, { force: true });
    await rm(system, { force: true });
  }
}

/**
 * The linker that belongs to this compiler, the one of its own version first. Debian has it under a versioned name alone, and
 * in a folder of LLVM's that only the compiler knows.
 */
async function linkerFor(toolchain: Toolchain, signal: AbortSignal | undefined): Promise<string | undefined> {
  const asked = await run(toolchain.command, ['-print-prog-name=ld64.lld'], undefined, signal);
  const [own] = toolchain.version.split('.');
  for (const command of [asked.output.trim(), `ld64.lld-${own}`, ...named('ld64.lld')])
    if (command !== '' && (await run(command, ['--version'], undefined, signal)).code === 0) return command;
  return undefined;
}
