import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Triple } from '../../../../artifact/image/triple.ts';
import { VaisError } from '../../../../common/error.ts';
import { machineCause } from '../../../../common/machine.ts';
import type { Toolchain } from './find.ts';
import { finish, type Ran, run, start } from './run.ts';
import { runtimeFolder, runtimeInputs } from './runtime.ts';
import { needNoExecutableStack } from './stack.ts';
import { prepareStandby, takeStandby } from './standby.ts';

/** Libraries that an image needs beside libc: libm, and the C compiler's own. */
export interface Links {
  readonly math: boolean;
  readonly helpers: boolean;
}

export interface BuildOptions {
  readonly toolchain: Toolchain;
  readonly triple: Triple;
  readonly kind: 'image' | 'program';
  readonly opt: 0 | 1 | 2 | 3;
  readonly debug: boolean;
  /** Link the runtime's C files too. */
  readonly runtime: boolean;
  readonly links: Links;
  /** C sources, objects and libraries of the user, and `-l` flags. */
  readonly extra: readonly string[];
  readonly output: string;
  /** Of gcc and clang: TMPDIR is where one that is stopped may leave a file. This process's own unless given. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
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
  // On Windows clang builds for Microsoft's libraries unless told.
  const target = triple === 'x86_64-windows-gnu' ? ['--target=x86_64-w64-windows-gnu'] : [];
  const own =
    toolchain.name === 'clang'
      ? [...target, '-Xclang', '-disable-lifetime-markers', '-fbracket-depth=4096']
      : ['-fstack-reuse=none'];
  return ['-std=gnu11', `-O${opt}`, ...debugFlags, ...meaning, ...shared, ...own];
}

/** What is linked in beside our own C is found by name, so it has to be visible; all of ours is static. */
function ofExtra({ toolchain, extra }: BuildOptions): string[] {
  return extra.length === 0 || toolchain.name === 'tcc' ? [] : ['-fvisibility=default'];
}

/** Outputs that this process has built: one that is built again will be built once more. */
const built = new Set<string>();

/** Compiles one C text, with the runtime where asked, and puts the result at `output` in one step. */
export async function build(c: string, options: BuildOptions): Promise<void> {
  const output = resolve(options.output);
  try {
    await buildAt(c, options, output);
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code === 'storage') {
      throw new VaisError('storage', `\`${options.output}\` cannot be written: ${VaisError.from(thrown).message}`);
    }
    if (
      code === undefined ||
      !/^E(?:NOENT|ACCES|PERM|ROFS|NOSPC|DQUOT|ISDIR|NOTDIR|EXIST|NAMETOOLONG|NOTEMPTY)$/.test(code)
    )
      throw thrown;
    throw new VaisError('storage', `\`${options.output}\` cannot be written: ${code}`, { cause: thrown });
  }
}

/** Like `mkdir -p`. Node's own goes round for ever below a folder like `/proc`, where nothing can be made. */
async function makeFolder(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const above = dirname(folder);
  await makeFolder(above);
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    // Another build may have been first.
    if (error.code !== 'EEXIST') throw error;
  });
}

async function buildAt(c: string, options: BuildOptions, output: string): Promise<void> {
  const { toolchain, triple } = options;
  await makeFolder(dirname(output));
  // Whoever watches the output never sees half of it.
  const fresh = (): string => `${output}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  if (toolchain.name === 'tcc' && options.kind === 'image' && !options.debug)
    return buildFast(c, options, output, fresh);
  const aside = fresh();
  try {
    if (triple.endsWith('-macos') && process.platform !== 'darwin') await buildForMac(c, options, aside);
    else await buildPlain(c, options, aside);
    if (toolchain.name === 'tcc' && options.kind === 'image') needNoExecutableStack(aside);
    await rename(aside, output);
  } catch (thrown) {
    await rm(aside, { force: true });
    throw thrown;
  }
}

async function buildPlain(c: string, options: BuildOptions, aside: string): Promise<void> {
  const { toolchain, debug, signal } = options;
  // With `-g` compilers want a file: some keep what they read from a pipe out of the debug information.
  const source = debug ? `${aside}.c` : '-';
  const flags = [...flagsOf(options), ...ofExtra(options), '-w', '-I', runtimeFolder];
  const args = [...flags, ...(await inputs(options, source)), '-o', aside, ...linkFlags(options)];
  if (!debug) return call(toolchain, args, c, signal, options.environment);
  try {
    await writeFile(source, c);
    await call(toolchain, args, undefined, signal, options.environment);
  } finally {
    await rm(source, { force: true });
  }
}

/** The way from a save to new code: nothing here waits for what could be done before or after. */
async function buildFast(c: string, options: BuildOptions, output: string, fresh: () => string): Promise<void> {
  const { toolchain, signal } = options;
  const args = [
    ...[...flagsOf(options), ...ofExtra(options), '-w', '-I', runtimeFolder],
    ...['-', ...options.extra, ...linkFlags(options)],
  ];
  const key = [toolchain.command, ...args].join('\n');
  signal?.throwIfAborted();
  let ready = takeStandby(output, key);
  if (ready === undefined) {
    const aside = fresh();
    ready = { key, aside, started: start(toolchain.command, [...args, '-o', aside], true) };
  }
  const { aside, started } = ready;
  try {
    judge(toolchain, await finish(started, c, signal));
    needNoExecutableStack(aside);
    await rename(aside, output);
  } catch (thrown) {
    await rm(aside, { force: true });
    throw thrown;
  }
  const again = built.has(output);
  built.add(output);
  if (!again) return;
  const next = fresh();
  // Forking is synchronous and takes milliseconds: the caller goes on first.
  setImmediate(prepareStandby, output, key, toolchain.command, [...args, '-o', next], next);
}

async function inputs(options: BuildOptions, source: string): Promise<string[]> {
  const runtime = options.runtime ? await runtimeInputs(options.toolchain) : [];
  // Everything after `-x c` would be read as C, libraries too.
  const main = source === '-' ? (options.toolchain.name === 'tcc' ? ['-'] : ['-x', 'c', '-', '-x', 'none']) : [source];
  return [...main, ...runtime, ...options.extra];
}

function linkFlags(options: BuildOptions): string[] {
  const { kind, triple, toolchain, links, extra } = options;
  if (triple === 'x86_64-windows-gnu')
    return kind === 'image' ? ['-shared', '-static-libgcc'] : ['-static', '-lws2_32', '-lbcrypt', '-ladvapi32'];
  if (kind === 'program') return ['-lpthread', '-ldl', '-lm'];
  // It names no library: the program has libc and libm (one file), and an agent on glibc can load it to look at it.
  if (triple.endsWith('-musl')) return ['-shared', '-nostdlib', ...(toolchain.name === 'tcc' ? [] : ['-lgcc'])];
  // Each library that tcc looks up costs a good part of its time, and libc is in the program anyway.
  const bare = toolchain.name === 'tcc' && !links.helpers && extra.length === 0;
  return ['-shared', ...(bare ? ['-nostdlib'] : []), ...(links.math ? ['-lm'] : [])];
}

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

async function buildForMac(c: string, options: BuildOptions, aside: string): Promise<void> {
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
      system,
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
    await rm(system, { force: true });
  }
}

async function call(
  toolchain: Toolchain,
  args: readonly string[],
  input: string | undefined,
  signal: AbortSignal | undefined,
  environment?: NodeJS.ProcessEnv,
): Promise<void> {
  const options = environment === undefined ? {} : { environment };
  judge(toolchain, await run(toolchain.command, args, input, signal, options));
}

function judge(toolchain: Toolchain, { code, output }: Ran): void {
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
  // What the system says through a tool. tcc has words of its own for a disk that is full or a folder that is not its.
  const machine = machineCause(output);
  if (machine !== undefined) throw new VaisError('machine', `${command}: ${machine.why}`, { hint: machine.hint });
  if (/Permission denied/i.test(output)) throw new VaisError('storage', 'permission denied');
  if (/could not write|cannot open output/i.test(output)) throw new VaisError('storage', 'no permission, or no space');
  const killed = /killed by (SIG\w+)/.exec(output)?.[1];
  if (killed === 'SIGKILL' || killed === 'SIGXCPU')
    throw new VaisError('machine', `${command} was killed by ${killed}`, {
      hint: 'Somebody, or the system where memory is short, ended it: see `dmesg`, and `ulimit -a`.',
    });
  const lines = output.trim().split('\n').slice(0, 8).join('\n');
  throw new VaisError(
    'internal',
    `${command} refused the C that vaisc wrote. This is a fault of vaisc, not of your source.\n${lines}`,
  );
}
