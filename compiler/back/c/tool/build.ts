import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { VaisError } from '../../../../common/error.ts';
import { type BuildOptions, flagsOf } from './flags.ts';
import { call, judge } from './judge.ts';
import { buildForMac } from './mac.ts';
import { finish, start } from './run.ts';
import { runtimeFolder, runtimeInputs } from './runtime.ts';
import { needNoExecutableStack } from './stack.ts';
import { prepareStandby, takeStandby } from './standby.ts';

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
    judge(toolchain.command, await finish(started, c, signal));
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
