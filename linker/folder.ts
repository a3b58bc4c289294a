import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { VaisError } from '../common/error.ts';
import { packageRoot } from '../common/package-root.ts';

const linkers = ['ld', 'ld.bfd', 'ld.gold', 'ld.lld'];

/**
 * The folder with the linkers that are us, for `-B`. They are compiled once for each version, and kept in the user's cache
 * (`XDG_CACHE_HOME`, else `~/.cache`).
 *
 * @throws VaisError `toolchain_missing` without a C compiler
 */
export function linkerFolder(environment: NodeJS.ProcessEnv): string {
  const source = join(packageRoot, 'linker', 'ld.c');
  const finisher = join(packageRoot, 'dist', 'linker', 'main.js');
  const hash = createHash('sha256')
    .update(readFileSync(source))
    .update(`${process.execPath}\0${finisher}\0${process.arch}`);
  const cache = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(cache, 'vais-remote', `ld-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  const aside = `${folder}.${process.pid}`;
  mkdirSync(aside, { recursive: true });
  try {
    const words = [`-DNODE=${JSON.stringify(process.execPath)}`, `-DFINISH=${JSON.stringify(finisher)}`];
    compile(environment, ['-O2', '-fno-strict-aliasing', ...words, source, '-o', join(aside, 'ld')]);
    for (const name of linkers.slice(1)) copyFileSync(join(aside, 'ld'), join(aside, name));
    if (!existsSync(folder)) renameSync(aside, folder);
  } catch (cause) {
    // Another build may have been first; what it made is the same.
    if (!existsSync(folder)) throw cause;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return folder;
}

function compile(environment: NodeJS.ProcessEnv, words: readonly string[]): void {
  let cause: unknown;
  for (const command of ['cc', 'gcc', 'clang']) {
    try {
      execFileSync(command, words, { stdio: 'pipe', env: environment });
      return;
    } catch (thrown) {
      cause = thrown;
    }
  }
  throw new VaisError('toolchain_missing', 'what stands in for the linker cannot be compiled', {
    hint: 'Install a C compiler: `apt-get install gcc`.',
    cause,
  });
}
