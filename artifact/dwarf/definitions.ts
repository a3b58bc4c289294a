import type { Die } from './die.ts';
import { At } from './numbers.ts';
import { type FoundDefinition, open } from './scan.ts';
import { nameOf, qualifiedName } from './scope.ts';

/**
 * Finds the definition of a record that a unit only declares: clang, and gcc for some classes, describe a class in one unit
 * and declare it in the others. Names are read when the first is looked for.
 */
export class Definitions {
  readonly #found: readonly FoundDefinition[];
  #byName: Map<string, FoundDefinition[]> | undefined;

  constructor(found: readonly FoundDefinition[]) {
    this.#found = found;
  }

  /** The definition, or undefined where the image has none, or several of different size. */
  of(declaration: Die): Die | undefined {
    const name = nameOf(declaration);
    const whole = qualifiedName(declaration);
    return name === undefined || whole === undefined ? undefined : this.#find(name, whole);
  }

  /** As `of`, by the qualified name. */
  named(whole: string): Die | undefined {
    return this.#find(whole.split('::').at(-1) ?? whole, whole);
  }

  #find(name: string, whole: string): Die | undefined {
    this.#byName ??= this.#index();
    let definition: Die | undefined;
    for (const one of this.#byName.get(name) ?? []) {
      one.unit.know(one.offset, one.around);
      const die = open(one);
      if (qualifiedName(die) !== whole) continue;
      if (definition === undefined) definition = die;
      else if (definition.number(At.byteSize) !== die.number(At.byteSize)) return undefined;
    }
    return definition;
  }

  #index(): Map<string, FoundDefinition[]> {
    const index = new Map<string, FoundDefinition[]>();
    for (const one of this.#found) {
      const name = nameOf(open(one));
      if (name === undefined) continue;
      const same = index.get(name);
      if (same === undefined) index.set(name, [one]);
      else same.push(one);
    }
    return index;
  }
}
