import type { Die } from './die.ts';
import { At, Tag } from './numbers.ts';

/** Where the names of nested things come from, for C++, Rust and Zig alike: `game::World`. */

const deepest = 64;

/** What an entry says itself, or the entries that it completes: a definition its declaration, an instance its origin. */
export function inherited<Value>(die: Die, read: (die: Die) => Value | undefined): Value | undefined {
  for (let one: Die | undefined = die, steps = 0; one !== undefined && steps < 8; steps += 1) {
    const value = read(one);
    if (value !== undefined) return value;
    one = one.die(At.specification) ?? one.die(At.abstractOrigin);
  }
  return undefined;
}

/** The entry that stands in the scope which gives it its name. */
function declared(die: Die): Die {
  let one = die;
  for (let steps = 0; steps < 8; steps += 1) {
    const next = one.die(At.specification) ?? one.die(At.abstractOrigin);
    if (next === undefined) return one;
    one = next;
  }
  return one;
}

/** The name alone; undefined for what has none. */
export function nameOf(die: Die): string | undefined {
  const name = inherited(die, (one) => one.text(At.name));
  return name === undefined || name === '' ? undefined : clean(name);
}

/** The name that the linker knows, where it is another. */
export function linkageName(die: Die): string | undefined {
  return inherited(die, (one) => one.text(At.linkageName) ?? one.text(At.mipsLinkageName));
}

/** The names of everything around an entry, the outermost first. Functions and blocks count; types do as well. */
export function scopeOf(die: Die): string[] {
  const names: string[] = [];
  let one = declared(die).parent;
  for (let depth = 0; one !== undefined && depth < deepest; depth += 1) {
    if (one.tag === Tag.namespace) names.unshift(nameOf(one) ?? '(anonymous)');
    else if (one.tag !== Tag.lexicalBlock && one.tag !== Tag.inlined) names.unshift(nameOf(one) ?? '(unnamed)');
    one = declared(one).parent;
  }
  return names;
}

/** Compilers differ in the blanks of `map<int, vector<int> >`, and some say on which line a lambda is. */
function clean(name: string): string {
  return name
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?')
    .replace(/\s+>/g, '>')
    .replace(/,\s*/g, ', ');
}

/** Whether Zig's compiler wrote it, which calls its language C. */
export function isZig(die: Die): boolean {
  return die.unit.root.text(At.producer)?.startsWith('zig ') === true;
}

/** `game::World`; undefined for what has no name of its own. */
export function qualifiedName(die: Die): string | undefined {
  const name = nameOf(die);
  // Zig's names of types are whole, and it numbers those without a name anew in each build.
  if (name !== undefined && isZig(die)) return name.replace(/__(struct|union|enum|opaque)_\d+/g, '__$1');
  return name === undefined ? undefined : [...scopeOf(die), name].join('::');
}
