import koffi from 'koffi';
import { VaisError } from '../common/error.ts';
import { type ImageGlobal, type LoadedImage, writeSlot } from './image.ts';
import { Memory } from './memory.ts';

/** A global's value, and what it is; the size in bytes. */
export interface Global {
  readonly type: string;
  readonly size: number;
  readonly memory: Memory;
}

/** New globals that become real when the version that brings them runs. */
export type NewGlobals = ReadonlyMap<string, Global>;

/**
 * The values of a module's globals. They belong to the reloader and not to an image, so they outlive each version; a
 * version finds them by name and type.
 */
export class Globals {
  readonly #known = new Map<string, Global>();

  find(name: string): Global | undefined {
    return this.#known.get(name);
  }

  /**
   * Points the image's slots to the globals. Those that are new stay apart until `keep`: a version that never runs
   * leaves none behind.
   *
   * @param imported finds those of other modules
   * @throws VaisError `contract_changed` for a global of another type
   */
  bind(image: LoadedImage, imported: (name: string) => Global | undefined): NewGlobals {
    const born = new Map<string, Global>();
    for (const wanted of image.globals) {
      const known = this.#known.get(wanted.name) ?? imported(wanted.name);
      if (known !== undefined) requireSame(wanted, known);
      const global = known ?? make(wanted);
      if (known === undefined) born.set(wanted.name, global);
      writeSlot(wanted.slot, global.memory.address);
    }
    return born;
  }

  keep(born: NewGlobals): void {
    for (const [name, global] of born) this.#known.set(name, global);
  }
}

/** A global may come back that an earlier version had, so the contract of the running one is not enough. */
function requireSame(wanted: ImageGlobal, known: Global): void {
  if (wanted.type === known.type && wanted.size === known.size) return;
  throw new VaisError(
    'contract_changed',
    `the global ${wanted.name} was ${known.type} (${known.size} bytes), and is ${wanted.type} (${wanted.size} bytes)`,
    { hint: 'Restore the old form, or give the new one another name.' },
  );
}

function make({ type, size, align, initial }: ImageGlobal): Global {
  const memory = Memory.make(size, Math.max(8, align));
  if (initial !== null && size > 0) memory.bytes(0, size).set(new Uint8Array(koffi.view(initial, size)));
  return { type, size, memory };
}
