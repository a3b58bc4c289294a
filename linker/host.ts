import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { VaisError } from '../common/error.ts';
import { packageRoot, packageVersion } from '../common/package-root.ts';
import { moduleFlags } from './flags.ts';

/** What a program is compiled and linked with, so that it has the runtime inside. */
export interface HostFlags {
  /** Holds `hot.h`, `libvais_hot.a`, `vais.pc` and `vaisConfig.cmake`. */
  readonly folder: string;
  readonly compile: readonly string[];
  readonly link: readonly string[];
}

/**
 * The flags for a program. The runtime is compiled once for each compiler and version of ours, and kept in the user's cache
 * (`XDG_CACHE_HOME`, else `~/.cache`).
 *
 * @throws VaisError `toolchain_missing` without a C compiler
 */
export function hostFlags(environment: NodeJS.ProcessEnv): HostFlags {
  const folder = prepare(environment);
  return { folder, compile: [`-I${folder}`], link: [`-L${folder}`, '-lvais_hot', '-lpthread', '-ldl', '-lm'] };
}

/** The runtime in one file, hot.c, and its header: where they are. */
export const amalgamationFolder = join(packageRoot, 'dist', 'c');

function prepare(environment: NodeJS.ProcessEnv): string {
  const compiler = environment['CC'] ?? 'cc';
  const texts = ['hot.c', 'hot.h'].map((name) => readFileSync(join(amalgamationFolder, name)));
  const files = {
    'vais.pc': template('vais.pc.in', environment),
    'vaisConfig.cmake': template('cmake/vaisConfig.cmake.in', environment),
  };
  const hash = createHash('sha256').update(compiler).update(process.arch);
  for (const text of [...texts, ...Object.values(files)]) hash.update(text);
  const cache = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(cache, 'vais-remote', `c-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  const aside = `${folder}.${process.pid}`;
  mkdirSync(aside, { recursive: true });
  try {
    for (const name of ['hot.c', 'hot.h']) copyFileSync(join(amalgamationFolder, name), join(aside, name));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(aside, name), text);
    build(compiler, aside);
    if (!existsSync(folder)) renameSync(aside, folder);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return folder;
}

function build(compiler: string, folder: string): void {
  const [command = 'cc', ...own] = compiler.split(' ');
  const object = join(folder, 'hot.o');
  try {
    execFileSync(command, [...own, '-O2', '-g', '-fPIC', '-c', join(folder, 'hot.c'), '-o', object], { stdio: 'pipe' });
    execFileSync('ar', ['rcs', join(folder, 'libvais_hot.a'), object], { stdio: 'pipe' });
  } catch (cause) {
    throw new VaisError('toolchain_missing', `the runtime cannot be compiled with ${compiler}: ${reasonOf(cause)}`, {
      hint: 'Install gcc or clang and binutils, or name a compiler: CC=gcc-12 vais-remote flags.',
      cause,
    });
  }
  rmSync(object);
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? (cause.message.split('\n').find((line) => line !== '') ?? '') : String(cause);
}

/** A file of `bindings/` with what this installation knows filled in. */
function template(name: string, environment: NodeJS.ProcessEnv): string {
  const values: Readonly<Record<string, string>> = {
    version: packageVersion,
    gcc_compile: moduleFlags('gcc', environment).compile.join(' '),
    gcc_link: moduleFlags('gcc', environment).link.join(' '),
    clang_compile: moduleFlags('clang', environment).compile.join(' '),
    clang_link: moduleFlags('clang', environment).link.join(' '),
  };
  const text = readFileSync(join(packageRoot, 'bindings', name), 'utf8');
  return text.replace(/@(\w+)@/g, (whole, key: string) => values[key] ?? whole);
}
