import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { moduleOfFile } from '../../artifact/contract/name.ts';
import { hostTriple, libraryExtension } from '../../artifact/image/triple.ts';
import { inMemory } from '../../artifact/transfer/local-image.ts';
import { digestOf } from '../../common/digest.ts';
import { SourceWatcher } from '../../common/watch/source-watcher.ts';
import { compile } from '../../compiler/compile.ts';
import { requireInput } from './input.ts';
import type { BuildOrder, Prepared, Unit } from './unit.ts';

/** A Vais source. */
export function vaisUnit(path: string): Unit {
  return {
    path,
    module: moduleOfFile(path),
    hasTiers: true,
    placesImage: false,
    require: () => requireInput(path),
    build: (order) => compileSource(path, order),
    watch: (debounceMs, onChange) => SourceWatcher.start(path, debounceMs, onChange),
  };
}

/**
 * Compiles a source in this process.
 *
 * @throws VaisError `toolchain_missing`, `usage` when the file cannot be read
 */
async function compileSource(
  path: string,
  { triple = hostTriple(), options, folder, signal, read }: BuildOrder,
): Promise<Prepared> {
  // The same name each time: the compiler keeps a C compiler waiting for an output that is built again and again.
  const name = `${digestOf(path).slice(0, 16)}${options.tier === 'optimized' ? '-2' : ''}`;
  const output = join(folder, `${name}${libraryExtension(triple)}`);
  const result = await compile({ file: path, kind: 'image', triple, ...options, read, output, signal });
  if (!result.ok) return result;
  // At once, not over a thread: this is on the way from a save to the running code, and the file was written just now.
  const bytes = readFileSync(result.output);
  const { contract, diagnostics, toolchain, ms } = result;
  const compiled = { toolchain, front: ms.front, back: ms.back };
  return { ok: true, built: { image: inMemory(bytes), digest: digestOf(bytes), contract, compiled }, diagnostics };
}
