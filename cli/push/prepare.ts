import { readFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Contract } from '../../artifact/contract/contract.ts';
import { imageOf, readImage } from '../../artifact/contract/image.ts';
import { libraryExtension, type Triple } from '../../artifact/image/triple.ts';
import { inMemory, type LocalImage, lookInto } from '../../artifact/transfer/local-image.ts';
import { threadBytes } from '../../artifact/transfer/work.ts';
import { type Digest, digestOf } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import { compile } from '../../compiler/compile.ts';
import type { Diagnostic } from '../../compiler/front/diagnostic.ts';
import { readFromDisk } from '../../compiler/front/modules.ts';
import type { ImageCache } from '../session/image-cache.ts';

/** An image that can be offered. */
export interface BuiltModule {
  readonly image: LocalImage;
  readonly digest: Digest;
  readonly contract: Contract;
  /** Where it was compiled just now: by what, and the milliseconds of the two halves. */
  readonly compiled?: { readonly toolchain: string; readonly front: number; readonly back: number };
}

/** What came of a file: an image, or what is wrong with the source. */
export type Prepared =
  | { readonly ok: true; readonly built: BuiltModule; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** How a source is compiled, as the user wants it. */
export interface CompileOptions {
  readonly tier?: 'fast' | 'optimized';
  readonly opt?: 0 | 1 | 2 | 3;
  readonly debug?: boolean;
  /** Of the C compiler: see `CompileOptions` of `compiler/compile.ts`. */
  readonly environment?: NodeJS.ProcessEnv;
}

const libraryExtensions = new Set(['.so', '.dylib', '.dll']);

/** A file to push: a Vais source, or a library that was built from one or that states a contract with hot.h. */
export type PushFile = { readonly path: string; readonly kind: 'source' | 'library' };

/** @throws VaisError `usage` for a name that is neither a source's nor a library's */
export function classify(path: string): PushFile {
  if (extname(path) === '.vais') return { path, kind: 'source' };
  if (libraryExtensions.has(extname(path)) || /\.so\.[\d.]+$/.test(path)) return { path, kind: 'library' };
  throw new VaisError('usage', `${path} is neither a Vais source nor a shared library`, {
    hint: 'Give a .vais file, or a .so, .dylib or .dll that `vaisc build --hot` wrote.',
  });
}

/**
 * Compiles a source for a triple. The image goes through a file in `folder`, which is the caller's to remove. One
 * compilation of a source at a time, as they write the same file.
 *
 * @param read gives the text of the source and of what it imports; undefined where there is no such file
 * @throws VaisError `toolchain_missing`, `usage` when the file cannot be read
 */
export async function prepareSource(
  path: string,
  triple: Triple,
  options: CompileOptions,
  folder: string,
  signal: AbortSignal,
  read: (path: string) => string | undefined = readFromDisk,
): Promise<Prepared> {
  // The same name each time: the compiler keeps a C compiler waiting for an output that is built again and again.
  const name = `${digestOf(path).slice(0, 16)}${options.tier === 'optimized' ? '-2' : ''}`;
  const output = join(folder, `${name}${libraryExtension(triple)}`);
  const result = await compile({
    file: path,
    kind: 'image',
    triple,
    ...options,
    read,
    output,
    signal,
  });
  if (!result.ok) return result;
  // At once, not over a thread: this is on the way from a save to the running code, and the file was written just now.
  const bytes = readFileSync(result.output);
  const { contract, diagnostics, toolchain, ms } = result;
  const compiled = { toolchain, front: ms.front, back: ms.back };
  return { ok: true, built: { image: inMemory(bytes), digest: digestOf(bytes), contract, compiled }, diagnostics };
}

/**
 * Reads a built library. A large one is copied to where nobody changes it while it is sent.
 *
 * @throws VaisError that names what is wrong with it
 */
export async function prepareLibrary(path: string, cache: ImageCache): Promise<BuiltModule> {
  const { size } = await sizeOf(path);
  try {
    if (size > threadBytes) {
      const { digest, image } = await cache.copy(path);
      return { image, digest, contract: lookInto(image, (file) => imageOf(file, digest)).contract };
    }
    const bytes = await readInput(path);
    const { digest, contract } = readImage(bytes);
    return { image: inMemory(bytes), digest, contract };
  } catch (thrown) {
    const error = VaisError.from(thrown);
    throw new VaisError(error.code, `${path}: ${error.message}`, { hint: error.hint, cause: thrown });
  }
}

/** @throws VaisError `usage` when there is no such file, or it cannot be read */
export async function requireInput(path: string): Promise<void> {
  await sizeOf(path);
}

async function sizeOf(path: string): Promise<{ readonly size: number }> {
  return await input(path, async () => {
    const file = await open(path, 'r');
    try {
      const there = await file.stat();
      if (there.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
      return there;
    } finally {
      await file.close();
    }
  });
}

function readInput(path: string): Promise<Buffer> {
  return input(path, () => readFile(path));
}

async function input<Result>(path: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : String(code ?? thrown);
    throw new VaisError('usage', `cannot read ${path}: ${why}`, { hint: 'Check the path.', cause: thrown });
  }
}
