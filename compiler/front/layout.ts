/** Sizes and offsets in bytes: those of C on every 64-bit target that we build for, where they are all the same. */
import type { EnumType, Field, StructType, Type, Variant } from './types.ts';

export interface Layout {
  readonly size: number;
  readonly align: number;
}

const cache = new WeakMap<StructType | EnumType, Layout>();

export function layoutOf(type: Type): Layout {
  switch (type.kind) {
    case 'int':
    case 'float':
      return scalar(type.bits / 8);
    case 'bool':
      return scalar(1);
    case 'void':
    case 'never':
    case 'wrong':
      return { size: 0, align: 1 };
    case 'pointer':
    case 'str':
    case 'fn':
      return scalar(8);
    case 'slice':
      return { size: 16, align: 8 };
    case 'range': {
      const { size } = layoutOf(type.element);
      return { size: roundUp(2 * size + 1, size), align: size };
    }
    case 'array': {
      const element = layoutOf(type.element);
      return { size: element.size * type.length, align: element.align };
    }
    case 'struct':
    case 'enum': {
      const known = cache.get(type);
      if (known) return known;
      // A type that holds itself is reported by the checker; here it only must not recurse for ever.
      cache.set(type, { size: 0, align: 1 });
      const made = type.kind === 'struct' ? fieldsLayout(type.fields) : enumLayout(type);
      cache.set(type, made);
      return made;
    }
  }
}

function scalar(size: number): Layout {
  return { size, align: size };
}

export function roundUp(size: number, align: number): number {
  return Math.ceil(size / align) * align;
}

/** The offsets of fields that follow each other as in C. */
export function offsets(fields: readonly Field[]): number[] {
  let at = 0;
  return fields.map((field) => {
    const { size, align } = layoutOf(field.type);
    const offset = roundUp(at, align);
    at = offset + size;
    return offset;
  });
}

function fieldsLayout(fields: readonly Field[]): Layout {
  const starts = offsets(fields);
  const align = Math.max(1, ...fields.map((field) => layoutOf(field.type).align));
  const last = fields.at(-1);
  const end = last === undefined ? 0 : (starts.at(-1) ?? 0) + layoutOf(last.type).size;
  // An empty struct holds one byte, so that C, GNU C and C++ agree on its size.
  return { size: Math.max(1, roundUp(end, align)), align };
}

/** An enum without payloads is an `i32`; one with payloads is a struct of the tag and a union. */
export const hasPayload = (type: EnumType): boolean => type.variants.some((variant) => variant.fields.length > 0);

function enumLayout(type: EnumType): Layout {
  if (!hasPayload(type)) return scalar(4);
  const union = unionLayout(type.variants);
  const align = Math.max(4, union.align);
  return { size: roundUp(roundUp(4, union.align) + union.size, align), align };
}

/** The offset of the payloads in an enum that has some. */
export function payloadOffset(type: EnumType): number {
  return roundUp(4, unionLayout(type.variants).align);
}

function unionLayout(variants: readonly Variant[]): Layout {
  const parts = variants.filter((variant) => variant.fields.length > 0).map((variant) => fieldsLayout(variant.fields));
  const align = Math.max(1, ...parts.map((part) => part.align));
  return { size: roundUp(Math.max(0, ...parts.map((part) => part.size)), align), align };
}
