import type { Die } from '../dwarf/die.ts';
import { At, Tag } from '../dwarf/numbers.ts';
import { type StaticVariable, unitName } from '../dwarf/variables.ts';
import { isOrphan, Orphans } from './orphans.ts';

/** A variable by the name that it keeps from build to build. */
export interface KeyedVariable {
  readonly variable: StaticVariable;
  readonly key: string;
  /** Added to what is said of its type: another build must say the same. */
  readonly note: string;
  /** Why it cannot be told which one it is; undefined: it can. */
  readonly lost: string | undefined;
}

/**
 * Gives each variable a name that says which one it is in another build as well: file, namespaces, types, function and name.
 * Blocks count only where a function has several variables of one name, as each edit before a block would move it.
 */
export function keyVariables(
  variables: readonly StaticVariable[],
  symbolsAt: (variable: StaticVariable) => readonly string[],
): KeyedVariable[] {
  const orphans = new Orphans();
  const lost: KeyedVariable[] = [];
  const groups = new Map<string, StaticVariable[]>();
  for (const one of variables) {
    let key = withoutBlocks(one.key);
    if (isOrphan(one)) {
      const path = orphans.path(one, symbolsAt(one));
      if (path === undefined) {
        lost.push({ variable: one, key, note: '', lost: nameless });
        continue;
      }
      key = one.external ? path : `${unitName(one.die)}:${path}`;
    }
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...lost, ...[...groups].flatMap(([key, group]) => keyGroup(key, group))];
}

/** The key of a variable that is not in a group: `game.c:step::count`. */
export function withoutBlocks(key: string): string {
  return key.replaceAll(/(?<=::|^|:)\{\d+\}::/g, '');
}

function keyGroup(key: string, group: readonly StaticVariable[]): KeyedVariable[] {
  const lost = group.some(({ die }) => isInLambda(die)) ? inLambda : undefined;
  if (group.length === 1 || lost !== undefined) return group.map((variable) => ({ variable, key, note: '', lost }));
  // Two files of one name, in different folders.
  const units = new Set(group.map(unitPath));
  if (units.size === group.length)
    return group.map((variable) => ({ variable, key: `${unitPath(variable)} ${key}`, note: '', lost }));
  const distinct = new Set(group.map((one) => one.key));
  if (distinct.size !== group.length) return group.map((variable) => ({ variable, key, note: '', lost: alike }));
  // Several blocks of one function: if there are more or fewer of them, nobody knows which is which.
  return group.map((variable, index) => ({
    variable,
    key: index === 0 ? key : `${key}{${index + 1}}`,
    note: `, one of ${group.length} of this name in the function`,
    lost,
  }));
}

function unitPath({ die }: StaticVariable): string {
  return die.unit.root.text(At.name) ?? '';
}

/** clang does not say in which function a lambda was whose code it has put elsewhere. */
function isInLambda(die: Die): boolean {
  for (let one = die.parent; one !== undefined; one = one.parent) {
    const isType = one.tag === Tag.structure || one.tag === Tag.class;
    if (!isType || one.has(At.name)) continue;
    const around = one.parent?.tag;
    if (around !== Tag.subprogram && around !== Tag.lexicalBlock && around !== Tag.inlined) return true;
  }
  return false;
}

const nameless = 'the compiler does not tell in which function it is. Move it out of the function';
const alike = 'several variables have this name there. Give them different ones';
const inLambda = 'it is in a lambda, and nothing tells in which. Move it out of the lambda';
