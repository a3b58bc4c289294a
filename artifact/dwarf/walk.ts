import type { Abbreviation } from './abbreviations.ts';
import { damagedDebug } from './debug-sections.ts';
import { Length, Tag } from './numbers.ts';
import { skipValue } from './skip.ts';
import type { Unit } from './unit.ts';

/** Entries whose names are part of the names of what is inside them, and blocks, which tell equal names apart. */
const scopes: ReadonlySet<number> = new Set([
  Tag.compileUnit,
  Tag.partialUnit,
  Tag.typeUnit,
  Tag.namespace,
  Tag.structure,
  Tag.class,
  Tag.union,
  Tag.enumeration,
  Tag.subprogram,
  Tag.lexicalBlock,
  Tag.inlined,
]);

/** Most sections have fewer. */
const bytesPerScope = 48;

/**
 * The scopes of a section, each with where it begins and ends and the number of the one around it, in the order of their beginnings: so
 * the scope of any entry is found without an entry for each.
 */
export class ScopeTable {
  #begins: Int32Array;
  #ends: Int32Array;
  #outer: Int32Array;
  #count = 0;

  /** @param size of the section, in bytes */
  constructor(size: number) {
    const room = 64 + Math.floor(size / bytesPerScope);
    this.#begins = new Int32Array(room);
    this.#ends = new Int32Array(room);
    this.#outer = new Int32Array(room);
  }

  /** Adds the next scope, which is inside the scope with the number `outer`; returns its number. */
  add(begin: number, outer: number): number {
    if (this.#count === this.#begins.length) {
      this.#begins = grown(this.#begins);
      this.#ends = grown(this.#ends);
      this.#outer = grown(this.#outer);
    }
    this.#begins[this.#count] = begin;
    this.#outer[this.#count] = outer;
    this.#count += 1;
    return this.#count - 1;
  }

  end(scope: number, end: number): void {
    this.#ends[scope] = end;
  }

  outer(scope: number): number {
    return this.#outer[scope] ?? -1;
  }

  /** Where the scope around an entry begins; undefined where there is none. */
  around(offset: number): number | undefined {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#begins[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    let scope = low - 1;
    while (scope >= 0 && (this.#ends[scope] ?? 0) <= offset) scope = this.#outer[scope] ?? -1;
    return scope < 0 ? undefined : this.#begins[scope];
  }
}

/** Gets an entry: where it is, and where its values begin. */
export type Visit = (abbreviation: Abbreviation, code: number, offset: number, values: number) => void;

/**
 * Goes through all entries of a unit once, and adds its scopes to the table, if there is one, whose units must come in order. `visit` gets those whose code has a true value in `wanted`: the code, where the entry
 * is and where its values begin. This is where most of the time goes, so it is one loop without calls for each entry.
 */
export function walk(unit: Unit, table: ScopeTable | undefined, wanted: Uint8Array, visit: Visit): void {
  const { section, abbreviations } = unit;
  const { bytes } = section;
  const { end, first } = unit.header;
  const isScope = Uint8Array.from(abbreviations, (one) =>
    table !== undefined && one !== undefined && scopes.has(one.tag) ? 1 : 0,
  );
  /** For each level that the walk is in: whether its entry is a scope. */
  let levels = new Uint8Array(64);
  let depth = 0;
  let scope = -1;
  let at = first;
  while (at < end) {
    const offset = at;
    let code = bytes[at] ?? 0;
    at += 1;
    if (code >= 0x80) {
      code = section.leb(offset);
      at = section.next;
    }
    if (code === 0) {
      if (depth === 0) break;
      depth -= 1;
      if (table !== undefined && levels[depth] === 1) {
        table.end(scope, at);
        scope = table.outer(scope);
      }
      continue;
    }
    const abbreviation = abbreviations[code];
    if (abbreviation === undefined) throw damagedDebug(`an entry at byte ${offset} has the unknown code ${code}`);
    if (wanted[code] === 1) visit(abbreviation, code, offset, at);
    const { steps } = abbreviation;
    for (let index = 0; index < steps.length; index += 1) {
      const step = steps[index] ?? 0;
      if (step >= 0) at += step;
      else if (step === Length.leb) {
        while ((bytes[at] ?? 0) >= 0x80) at += 1;
        at += 1;
      } else if (step === Length.string) {
        while ((bytes[at] ?? 0) !== 0) at += 1;
        at += 1;
      } else if (step === Length.block && (bytes[at] ?? 0x80) < 0x80) at += 1 + (bytes[at] ?? 0);
      else at = skipValue(section, step, at, unit);
    }
    if (!abbreviation.children) continue;
    if (depth === levels.length) {
      const more = new Uint8Array(depth * 2);
      more.set(levels);
      levels = more;
    }
    const isOne = isScope[code] ?? 0;
    levels[depth] = isOne;
    depth += 1;
    if (table !== undefined && isOne === 1) scope = table.add(offset, scope);
  }
  for (; table !== undefined && scope >= 0; scope = table.outer(scope)) table.end(scope, end);
}

function grown(array: Int32Array): Int32Array {
  const more = new Int32Array(array.length * 2);
  more.set(array);
  return more;
}
