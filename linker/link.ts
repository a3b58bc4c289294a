import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { finishImage } from '../artifact/statics/finish.ts';
import { nameVariables } from '../artifact/statics/objects.ts';
import { VaisError } from '../common/error.ts';
import { type LinkerArguments, readArguments } from './arguments.ts';
import { findLinker } from './find.ts';

/**
 * Links with the linker of this name. A shared library gets the list of its variables; everything else is linked as if we
 * were not there. Returns the linker's exit code. @throws VaisError
 */
export function link(name: string, given: readonly string[], environment: NodeJS.ProcessEnv): number {
  const read = readArguments(given);
  const linker = findLinker(name, environment, read.emulation);
  if (!read.shared) return run(linker, given);
  if (read.lto)
    throw new VaisError('usage', 'a library that is optimized as a whole when it is linked cannot keep its variables', {
      hint: 'Build it without -flto.',
    });
  const folder = mkdtempSync(join(tmpdir(), 'vais-link-'));
  try {
    const code = run(linker, ['--emit-relocs', ...nameInputs(read, folder)]);
    if (code !== 0) return code;
    const image = readFileSync(read.output);
    const finished = finishImage(image);
    if (finished !== image) writeFileSync(read.output, finished, { mode: statSync(read.output).mode });
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The arguments, with copies in place of those files that have to be changed. */
function nameInputs({ words, inputs }: LinkerArguments, folder: string): string[] {
  return words.map((word, index) => {
    if (!inputs.has(index)) return word;
    let bytes: Buffer;
    try {
      bytes = readFileSync(word);
    } catch {
      return word; // The linker says it better.
    }
    if (!nameVariables(bytes)) return word;
    const copy = join(folder, `${index}-${basename(word)}`);
    writeFileSync(copy, bytes);
    return copy;
  });
}

function run(linker: string, words: readonly string[]): number {
  const { status, error, signal } = spawnSync(linker, words, { stdio: 'inherit' });
  if (error !== undefined)
    throw new VaisError('toolchain_missing', `the linker ${linker} cannot be started`, { cause: error });
  if (signal !== null) throw new VaisError('toolchain_missing', `the linker ${linker} was ended by ${signal}`);
  return status ?? 1;
}
