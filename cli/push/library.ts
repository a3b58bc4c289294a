import { imageOf, readImage } from '../../artifact/contract/image.ts';
import { inMemory, lookInto } from '../../artifact/transfer/local-image.ts';
import { threadBytes } from '../../artifact/transfer/work.ts';
import { VaisError } from '../../common/error.ts';
import { SourceWatcher } from '../../common/watch/source-watcher.ts';
import type { ImageCache } from '../session/image-cache.ts';
import { readInput, requireInput, sizeOf } from './input.ts';
import type { BuiltModule, Unit } from './unit.ts';

/** A library that was built already; when it is watched, by whatever builds it beside us. */
export function libraryUnit(path: string): Unit {
  return {
    path,
    module: undefined,
    hasTiers: false,
    placesImage: true,
    require: () => requireInput(path),
    build: async ({ cache }) => ({ ok: true, built: await readLibrary(path, cache), diagnostics: [] }),
    watch: (debounceMs, onChange) => SourceWatcher.start(path, debounceMs, onChange),
  };
}

/**
 * Reads a built library. A large one is copied to where nobody changes it while it is sent.
 *
 * @throws VaisError that names what is wrong with it
 */
export async function readLibrary(path: string, cache: ImageCache): Promise<BuiltModule> {
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
