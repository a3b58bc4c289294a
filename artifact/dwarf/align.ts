import type { Die } from './die.ts';
import { At, Tag } from './numbers.ts';
import { sizeOf } from './size.ts';
import { bare, typeOf } from './types.ts';

const deepest = 64;

/**
 * The alignment of a record. Rust says it; C's compilers say only what was asked for, so it follows from the members, and is 1
 * where they lie closer than they could by themselves.
 */
export function alignOf(record: Die): number {
  const said = record.number(At.alignment);
  if (said !== undefined && isAlignment(said)) return said;
  let align = natural(record, 0, new Map());
  const size = record.number(At.byteSize) ?? 0;
  while (align > 1 && size % align !== 0) align /= 2;
  return align;
}

/** `known` are the records that were looked into, since one may be in many places. */
function natural(type: Die, depth: number, known: Map<number, number>): number {
  const before = known.get(type.key);
  if (before !== undefined) return before;
  known.set(type.key, 1); // What contains itself ends here.
  const align = naturalOf(type, depth, known);
  known.set(type.key, align);
  return align;
}

function naturalOf(type: Die, depth: number, known: Map<number, number>): number {
  const said = type.number(At.alignment);
  if (said !== undefined && isAlignment(said)) return said;
  if (depth > deepest) return 1;
  switch (type.tag) {
    case Tag.structure:
    case Tag.class:
    case Tag.union: {
      let most = 1;
      for (const one of type.children()) {
        if (one.tag !== Tag.member && one.tag !== Tag.inheritance && one.tag !== Tag.variantPart) continue;
        if (one.flag(At.declaration) || one.flag(At.external)) continue;
        const target = bare(typeOf(one));
        if (target === undefined) continue;
        const align = natural(target, depth + 1, known);
        if ((one.number(At.memberLocation) ?? 0) % align === 0) most = Math.max(most, align);
      }
      return most;
    }
    case Tag.array: {
      const element = bare(type.die(At.type));
      return element === undefined ? 1 : natural(element, depth + 1, known);
    }
    default: {
      const size = sizeOf(type) ?? 1;
      return isAlignment(size) && size <= 16 ? size : size === 0 ? 1 : 8;
    }
  }
}

function isAlignment(value: number): boolean {
  return value >= 1 && value <= 2 ** 20 && Number.isInteger(Math.log2(value));
}
