import type { DefinitionTable } from './definition-table.ts';
import type { Die } from './die.ts';
import { At } from './numbers.ts';
import { qualifiedName } from './scope.ts';

/**
 * Finds the definition of a record that a unit only declares: clang, and gcc for some classes, describe a class in one unit
 * and declare it in the others.
 */
export class Definitions {
  readonly #table: DefinitionTable;
  /** By qualified name. */
  readonly #known = new Map<string, Die | undefined>();

  constructor(table: DefinitionTable) {
    this.#table = table;
  }

  /** The definition, or undefined where the image has none, or several of different size. */
  of(declaration: Die): Die | undefined {
    const name = declaration.text(At.name);
    const whole = qualifiedName(declaration);
    return name === undefined || whole === undefined ? undefined : this.#find(name, whole);
  }

  /** As `of`, by the qualified name. */
  named(whole: string): Die | undefined {
    return this.#find(whole.split('::').at(-1) ?? whole, whole);
  }

  #find(name: string, whole: string): Die | undefined {
    if (this.#known.has(whole)) return this.#known.get(whole);
    const found = this.#search(name, whole);
    this.#known.set(whole, found);
    return found;
  }

  #search(name: string, whole: string): Die | undefined {
    let definition: Die | undefined;
    for (const { unit, offset } of this.#table.withHash(hashOfText(name))) {
      const die = unit.dieAt(offset);
      if (die.text(At.name) !== name || qualifiedName(die) !== whole) continue;
      if (definition === undefined) definition = die;
      else if (definition.number(At.byteSize) !== die.number(At.byteSize)) return undefined;
    }
    return definition;
  }
}

/** FNV-1a over the bytes up to a NUL, as `hashOfBytes`. */
function hashOfText(text: string): number {
  return hashOfBytes(Buffer.from(`${text}\0`), 0);
}

/** FNV-1a over the bytes up to a NUL, or to the end. */
export function hashOfBytes(bytes: Uint8Array, from: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === 0) break;
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash | 0;
}
