import koffi, { type LibraryHandle } from 'koffi';
import { VaisError } from '../common/error.ts';
import { type LoadedImage, writeSlot } from './image.ts';

/** Where images find the functions that they do not have themselves. */
const libraries: LibraryHandle[] = [];

function processLibraries(): readonly LibraryHandle[] {
  if (libraries.length === 0) {
    libraries.push(koffi.load(null));
    // Programs on Windows offer only what they export, and Node exports none of C's library.
    if (process.platform === 'win32') libraries.push(koffi.load('ucrtbase.dll'));
  }
  return libraries;
}

/** The address of a function of this process or of C's library; undefined when there is none of that name. */
export function findInProcess(name: string): bigint | undefined {
  for (const library of processLibraries()) {
    try {
      return koffi.address(library.symbol(name));
    } catch {
      // Not there.
    }
  }
  return undefined;
}

/**
 * Gives the image its foreign functions: those that the program offers, then those of the process, then those that
 * were linked into the image.
 *
 * @throws VaisError `load_refused` that names one that nobody has
 */
export function bindForeigns(image: LoadedImage, offered: (name: string) => bigint | undefined): void {
  for (const { name, slot } of image.foreigns) {
    const address = offered(name) ?? findInProcess(name) ?? image.find(name);
    if (address === undefined) {
      throw new VaisError('load_refused', `nobody has the foreign function ${name}`, {
        hint: name.includes('.')
          ? 'It is a hot function of an imported source: follow that one with a reloader too, and name it with `withModule`.'
          : `Offer it: \`config.withFunction('${name}', 'fn(…) -> …', …)\`, or link it: \`withCompilerArgs(['extra.c'])\`.`,
      });
    }
    writeSlot(slot, address);
  }
}
