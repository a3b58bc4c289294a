import type { Die } from '../dwarf/die.ts';
import { At, Tag } from '../dwarf/numbers.ts';
import { nameOf, scopeOf } from '../dwarf/scope.ts';
import { arrayLengths, sizeOf } from '../dwarf/size.ts';

const deepest = 24;
/** Pointers are the same whatever they lead to is like: that is for the contract to compare. */
const pointers: Readonly<Record<number, string>> = {
  [Tag.pointer]: '*',
  [Tag.reference]: '&',
  [Tag.rvalueReference]: '&&',
};
const qualifiers: ReadonlySet<number> = new Set([Tag.constType, Tag.volatileType, Tag.restrictType, Tag.atomicType]);

/** Whether the source says of the variable that it never changes. */
export function isConstant(type: Die | undefined, depth = 0): boolean {
  if (type === undefined || depth > deepest) return false;
  if (type.tag === Tag.constType) return true;
  const inside = type.tag === Tag.typedef || type.tag === Tag.array || qualifiers.has(type.tag);
  return inside && isConstant(type.die(At.type), depth + 1);
}

/**
 * What the bytes of a variable mean, as text that is the same as long as they mean the same: `{x: i32 @0, y: [f64; 3] @8}`.
 * Typedefs and qualifiers say nothing of that.
 */
export function typeText(type: Die | undefined, depth = 0): string {
  if (type === undefined) return 'void';
  if (depth > deepest) return '...';
  const { tag } = type;
  const pointer = pointers[tag];
  if (pointer !== undefined) return pointer + pointeeName(type.die(At.type));
  switch (tag) {
    case Tag.baseType:
      return qualifiedName(type) ?? `base type of ${sizeOf(type)} bytes`;
    case Tag.array: {
      const element = typeText(type.die(At.type), depth + 1);
      return arrayLengths(type).reduceRight<string>((inner, length) => `[${inner}; ${length ?? '?'}]`, element);
    }
    case Tag.structure:
    case Tag.class:
    case Tag.union:
      return recordText(type.die(At.signature) ?? type, depth);
    case Tag.enumeration:
      return `enum ${qualifiedName(type) ?? ''} of ${sizeOf(type) ?? '?'} bytes`;
    default:
      return typeText(type.die(At.type), depth + 1);
  }
}

function recordText(record: Die, depth: number): string {
  const fields: string[] = [];
  for (const child of record.children()) {
    if (child.tag !== Tag.member && child.tag !== Tag.inheritance) continue;
    if (child.flag(At.external) || child.flag(At.declaration)) continue;
    const bits = child.number(At.bitSize);
    const place = child.number(At.memberLocation) ?? child.number(At.dataBitOffset) ?? 0;
    const name = child.text(At.name) ?? (child.tag === Tag.inheritance ? 'base' : '');
    fields.push(`${name}: ${typeText(child.die(At.type), depth + 1)}${bits === undefined ? '' : `:${bits}`} @${place}`);
  }
  const word = record.tag === Tag.union ? 'union' : 'struct';
  return `${word} ${qualifiedName(record) ?? ''} {${fields.join(', ')}}`;
}

function pointeeName(type: Die | undefined, depth = 0): string {
  if (type === undefined || depth > deepest) return 'void';
  const pointer = pointers[type.tag];
  if (pointer !== undefined) return pointer + pointeeName(type.die(At.type), depth + 1);
  if (type.tag === Tag.subroutine) return 'fn';
  if (type.tag === Tag.array) return `[${pointeeName(type.die(At.type), depth + 1)}]`;
  if (type.tag === Tag.typedef || qualifiers.has(type.tag)) return pointeeName(type.die(At.type), depth + 1);
  return qualifiedName(type) ?? 'struct';
}

function qualifiedName(die: Die): string | undefined {
  const name = nameOf(die);
  return name === undefined ? undefined : [...scopeOf(die), name].join('::');
}
