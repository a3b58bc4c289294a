import type { Die } from '../dwarf/die.ts';
import { At, Tag } from '../dwarf/numbers.ts';
import { linkageName, nameOf, scopeOf } from '../dwarf/scope.ts';
import type { Unit } from '../dwarf/unit.ts';
import type { StaticVariable } from '../dwarf/variables.ts';

/** Whether the debug information does not say in which function the variable is. */
export function isOrphan({ die }: StaticVariable): boolean {
  for (let one = die.parent; one !== undefined; one = one.parent)
    if (one.tag === Tag.subprogram && nameOf(one) === undefined) return true;
  return false;
}

/**
 * Finds the functions of variables whose functions clang has put into others and forgot to name: the linker's name of the
 * variable has that of its function in it.
 */
export class Orphans {
  readonly #units = new Map<Unit, ReadonlyMap<string, Die>>();

  /** The path that the variable would have, `step::count`; undefined where no function fits. */
  path(variable: StaticVariable, symbols: readonly string[]): string | undefined {
    const functions = this.#functionsOf(variable.die.unit);
    for (const symbol of symbols) {
      const name = functionIn(symbol, variable.name);
      const fn = name === undefined ? undefined : functions.get(name);
      if (fn !== undefined) return [...scopeOf(fn), nameOf(fn), variable.name].join('::');
    }
    return undefined;
  }

  #functionsOf(unit: Unit): ReadonlyMap<string, Die> {
    const known = this.#units.get(unit);
    if (known !== undefined) return known;
    const functions = new Map<string, Die>();
    unit.each(({ tag, attributes }, offset) => {
      if (tag !== Tag.subprogram || !(attributes.includes(At.name) || attributes.includes(At.linkageName))) return;
      const die = unit.dieAt(offset);
      const name = linkageName(die) ?? nameOf(die);
      if (name !== undefined) functions.set(name, die);
    });
    this.#units.set(unit, functions);
    return functions;
  }
}

/** The linker's name of the function in that of its variable: `step.count`, or `_ZZ4stepvE5count`. */
function functionIn(symbol: string, variable: string): string | undefined {
  const cpp = `E${variable.length}${variable}`;
  if (symbol.startsWith('_ZZ')) {
    const end = symbol.lastIndexOf(cpp);
    return end > 3 && /^(?:_\d+|__\d+_)?$/.test(symbol.slice(end + cpp.length))
      ? `_Z${symbol.slice(3, end)}`
      : undefined;
  }
  const plain = symbol.replace(/\.\d+$/, '');
  return plain.endsWith(`.${variable}`) ? plain.slice(0, -variable.length - 1) : undefined;
}
