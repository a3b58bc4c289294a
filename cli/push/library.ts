import { imageOf, readBinary, readImage } from '../../artifact/contract/image.ts';
import { moduleOfLibrary } from '../../artifact/contract/name.ts';
import { imageToTravel } from '../../artifact/dwarf/native-image.ts';
import { FileReader } from '../../artifact/image/file-reader.ts';
import { inMemory, lookInto } from '../../artifact/transfer/local-image.ts';
import { threadBytes } from '../../artifact/transfer/work.ts';
import { VaisError } from '../../common/error.ts';
import { SourceWatcher } from '../../common/watch/source-watcher.ts';
import { readInput, requireInput, sizeOf } from './input.ts';
import type { BuildOrder, BuiltModule, Unit } from './unit.ts';

/** A library that was built already; when it is watched, by whatever builds it beside us. */
export function libraryUnit(path: string): Unit {
  return {
    path,
    module: undefined,
    hasTiers: false,
    placesImage: true,
    require: () => requireInput(path),
    build: async (order) => ({ ok: true, built: await readLibrary(path, order), diagnostics: [] }),
    watch: (debounceMs, onChange) => SourceWatcher.start(path, debounceMs, onChange),
  };
}

/**
 * Reads a built library. A large one is copied to where nobody changes it while it is sent. One that does not state its contract
 * is given it, from its debug information, which stays behind.
 *
 * @param module what it is of, where that is said; else its name says it
 * @throws VaisError that names what is wrong with it
 */
export async function readLibrary(path: string, order: BuildOrder, module?: string): Promise<BuiltModule> {
  const { cache, triple, options } = order;
  const { size } = await sizeOf(path);
  try {
    if (size > threadBytes && statesContract(path)) {
      const { digest, image } = await cache.copy(path);
      return { image, digest, contract: lookInto(image, (file) => imageOf(file, digest)).contract };
    }
    const bytes = asBuffer(
      imageToTravel(await readInput(path), {
        module: module ?? moduleOfLibrary(path),
        ...(triple === undefined ? {} : { triple }),
        ...(options.unchecked === undefined ? {} : { unchecked: options.unchecked }),
      }),
    );
    const { digest, contract } = readImage(bytes);
    return { image: inMemory(bytes), digest, contract };
  } catch (thrown) {
    const error = VaisError.from(thrown);
    throw new VaisError(error.code, `${path}: ${error.message}`, { hint: error.hint, cause: thrown });
  }
}

function statesContract(path: string): boolean {
  return FileReader.with(path, (file) => readBinary(file).contract !== undefined);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
