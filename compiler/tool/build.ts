import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Triple } from '../../artifact/triple.ts';
import { VaisError } from '../../common/error.ts';
import type { Toolchain } from './find.ts';
import { run } from './run.ts';
import { runtimeFolder, runtimeInputs } from './runtime.ts';

export interface BuildOptions {
  readonly toolchain: Toolchain;
  readonly triple: Triple;
  readonly kind: 'image' | 'program';
  readonly opt: 0 | 1 | 2 | 3;
  readonly debug: boolean;
  /** Link the runtime's C files too. */
  readonly runtime: boolean;
  /** C sources, objects and libraries of the user, and `-l` flags. */
  readonly extra: readonly string[];
  readonly output: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Flags that make C mean what Vais means: integers wrap, pointers of different types may meet, a null pointer is an
 * address like others that happens to fault, no product is fused with a sum, and a variable lives until its function
 * returns, whatever block it stands in.
 */
const meaning = [
  '-fwrapv',
  '-fno-strict-aliasing',
  '-fno-delete-null-pointer-checks',
  '-ffp-contract=off',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-fvisibility=hidden',
];

/** The flags that decide what comes out; they are part of the build id. */
export function flagsOf(options: Pick<BuildOptions, 'toolchain' | 'opt' | 'debug' | 'triple' | 'kind'>): string[] {
  const { toolchain, opt, debug, kind, triple } = options;
  const debugFlags = debug ? ['-g'] : [];
  if (toolchain.name === 'tcc') return debugFlags;
  const shared = kind === 'image' && triple !== 'x86_64-windows-gnu' ? ['-fPIC'] : [];
  const own =
    toolchain.name === 'clang'
      ? ['-Xclang', '-disable-lifetime-markers', '-fbracket-depth=4096']
      : ['-fstack-reuse=none'];
  return ['-std=gnu11', `-O${opt}`, ...debugFlags, ...meaning, ...shared, ...own];
}

/** Compiles one C text, with the runtime where asked, and puts the result at `output` in one step. */
export async function build(c: string, options: BuildOptions): Promise<void> {
  const { toolchain, triple, signal } = options;
  const output = resolve(options.output);
  await mkdir(dirname(output), { recursive: true });
  // Whoever watches the output never sees half of it.
  const aside = `${output}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    if (triple.endsWith('-macos') && process.platform !== 'darwin') await buildForMac(c, options, aside);
    else {
      const source = options.debug ? await keepSource(c, aside) : undefined;
      const args = [
        ...flagsOf(options),
        '-w',
        '-I',
        runtimeFolder,
        ...(await inputs(options, source ?? '-')),
        '-o',
        aside,
        ...linkFlags(options),
      ];
      await call(toolchain, args, source === undefined ? c : undefined, signal);
      if (source !== undefined) await rm(source, { force: true });
    }
    await rename(aside, output);
  } finally {
    await rm(aside, { force: true });
    await rm(`${aside}.c`, { force: true });
  }
}

/** With `-g` compilers want a file: some keep what they read from a pipe out of the debug information. */
async function keepSource(c: string, aside: string): Promise<string> {
  const path = `${aside}.c`;
  await writeFile(path, c);
  return path;
}

async function inputs(options: BuildOptions, source: string): Promise<string[]> {
  const runtime = options.runtime ? await runtimeInputs(options.toolchain) : [];
  // Everything after `-x c` would be read as C, libraries too.
  const main = source === '-' ? (options.toolchain.name === 'tcc' ? ['-'] : ['-x', 'c', '-', '-x', 'none']) : [source];
  return [...main, ...runtime, ...options.extra];
}

function linkFlags(options: BuildOptions): string[] {
  const { kind, triple, toolchain } = options;
  if (triple === 'x86_64-windows-gnu')
    return kind === 'image' ? ['-shared', '-static-libgcc'] : ['-static', '-lws2_32', '-lbcrypt', '-ladvapi32'];
  if (kind === 'program') return ['-lpthread', '-ldl', '-lm'];
  if (toolchain.name === 'tcc') return ['-shared', '-lm'];
  return ['-shared', '-lm'];
}

async function buildForMac(c: string, options: BuildOptions, aside: string): Promise<void> {
  const { triple, toolchain, signal } = options;
  if (options.kind === 'program') {
    throw new VaisError('toolchain_missing', `a program for ${triple} can be linked only on a Mac`, {
      hint: 'Build images for it here (`--hot`), and the program there.',
    });
  }
  const arch = triple === 'aarch64-macos' ? 'arm64' : 'x86_64';
  const object = `${aside}.o`;
  try {
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
    const linker = ['ld64.lld', toolchain.command.replace('clang', 'ld64.lld')];
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
    ];
    for (const command of linker) {
      const { code, output } = await run(command, args, undefined, signal);
      if (code === undefined) continue;
      if (code !== 0) fail(command, output);
      return;
    }
    throw new VaisError('toolchain_missing', `no linker for ${triple} was found`, {
      hint: 'Install it: `apt-get install lld`.',
    });
  } finally {
    await rm(object, { force: true });
  }
}

async function call(
  toolchain: Toolchain,
  args: readonly string[],
  input: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { code, output } = await run(toolchain.command, args, input, signal);
  if (code === undefined) {
    throw new VaisError('toolchain_missing', `${toolchain.command} is gone`, {
      hint: 'Install it again: see `vais-remote doctor`.',
    });
  }
  if (code !== 0) fail(toolchain.command, output);
}

/** The C is ours, so a C compiler that refuses it has found a fault of ours; but a name that no library has is the user's. */
function fail(command: string, output: string): never {
  const missing = /undefined (?:reference to|symbol:?) [`'"]?(\w+)/.exec(output)?.[1];
  if (missing !== undefined) {
    throw new VaisError('compile_failed', `no library has the foreign function \`${missing}\``, {
      hint: 'Name its C file, object or library after the source: `vaisc build game.vais extra.c -lname`.',
    });
  }
  const lines = output.trim().split('\n').slice(0, 8).join('\n');
  throw new VaisError(
    'internal',
    `${command} refused the C that vaisc wrote. This is a fault of vaisc, not of your source.\n${lines}`,
  );
}
