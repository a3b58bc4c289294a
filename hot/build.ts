import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Contract } from '../artifact/contract/contract.ts';
import { readImage, requireTriple } from '../artifact/contract/image.ts';
import { hostTriple, libraryExtension } from '../artifact/image/triple.ts';
import type { Digest } from '../common/digest.ts';
import { VaisError } from '../common/error.ts';
import { run } from '../compiler/back/c/tool/run.ts';
import { dropStandby } from '../compiler/back/c/tool/standby.ts';
import { compile } from '../compiler/compile.ts';
import { readFromDisk } from '../compiler/front/modules.ts';
import type { HotReloadConfig } from './config.ts';
import { SourceError } from './error.ts';
import { parseFlags } from './flags.ts';

/** A library that was built just now, at a path that no library ever had before. */
export interface BuiltLibrary {
  readonly path: string;
  readonly digest: Digest;
  readonly contract: Contract;
  /** Debuggers want to find the file for as long as it is loaded. */
  readonly debug: boolean;
  /** What built it, and how long that took in milliseconds. */
  readonly how: string;
}

/**
 * Builds the source into a new file in `folder`, with the built-in compiler or the configured command.
 *
 * @param onRead gets each file that was asked for: the source, and what it imports, also where that is missing
 * @throws SourceError when the source does not compile; VaisError when nothing can be built here, or when what was
 *   built is no image for this machine; whatever the signal throws when it is aborted
 */
export async function build(
  config: HotReloadConfig,
  folder: string,
  signal: AbortSignal,
  onRead: (path: string) => void,
): Promise<BuiltLibrary> {
  const started = performance.now();
  const path = join(folder, `${randomUUID()}${libraryExtension(hostTriple())}`);
  const by =
    config.command === undefined
      ? await buildHere(config, outputIn(folder), signal, onRead)
      : await buildWith(config.command, config, outputIn(folder), signal, onRead);
  // An aborted build must not take the file of the one that follows it.
  signal.throwIfAborted();
  renameSync(outputIn(folder), path);
  try {
    const image = readImage(readFileSync(path));
    requireTriple(image, hostTriple());
    const how = `${by}, ${(performance.now() - started).toFixed(1)} ms`;
    const debug = config.args.includes('-g');
    return { path, digest: image.digest, contract: image.contract, debug, how };
  } catch (thrown) {
    rmSync(path, { force: true });
    throw thrown;
  }
}

/** Ends what a compiler left behind for the next build. Call it when there is none any more. */
export async function endBuilds(folder: string): Promise<void> {
  await setImmediate(); // The compiler starts what is to wait after the build has returned.
  dropStandby(outputIn(folder));
}

/** The same each time: the built-in compiler keeps a C compiler waiting for an output that is built again and again. */
function outputIn(folder: string): string {
  return join(folder, `built${libraryExtension(hostTriple())}`);
}

async function buildHere(
  config: HotReloadConfig,
  output: string,
  signal: AbortSignal,
  onRead: (path: string) => void,
): Promise<string> {
  const read = (path: string): string | undefined => {
    onRead(path); // Also what is missing: when it comes, it counts.
    return readFromDisk(path);
  };
  const result = await compile({ file: config.file, kind: 'image', ...parseFlags(config.args), read, output, signal });
  if (!result.ok) throw new SourceError(config.path, result.diagnostics);
  return result.toolchain;
}

async function buildWith(
  [command = '', ...words]: readonly string[],
  config: HotReloadConfig,
  output: string,
  signal: AbortSignal,
  onRead: (path: string) => void,
): Promise<string> {
  onRead(config.file);
  const args = [...words, 'build', '--hot', config.file, '-o', output, ...config.args];
  const { code, output: said } = await run(command, args, undefined, signal);
  if (code === undefined) {
    throw new VaisError('toolchain_missing', `there is no command ${command}`, {
      hint: 'Install it, or leave out `withCompiler` to use the built-in compiler.',
    });
  }
  if (code === 0 && !existsSync(output)) {
    throw new VaisError('image_invalid', `${command} wrote no library where it was told to`, {
      hint: 'It is run as `COMMAND build --hot FILE -o LIBRARY`, as `vaisc` is.',
    });
  }
  if (code !== 0) throw new SourceError(config.path, [], said.trim() || `${command} ended with ${code}`);
  return command;
}
