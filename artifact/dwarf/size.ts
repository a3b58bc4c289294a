import type { Die } from './die.ts';
import { At, Tag } from './numbers.ts';

const deepest = 64;

/** Bytes of a value of the type; undefined where the debug information does not say. */
export function sizeOf(type: Die, depth = 0): number | undefined {
  const size = type.number(At.byteSize);
  if (size !== undefined) return size;
  if (depth > deepest) return undefined;
  switch (type.tag) {
    case Tag.pointer:
    case Tag.reference:
    case Tag.rvalueReference:
      return type.unit.addressSize;
    case Tag.array: {
      const element = type.die(At.type);
      const one = element && sizeOf(element, depth + 1);
      let count: number | undefined = 1;
      for (const length of arrayLengths(type))
        count = count === undefined || length === undefined ? undefined : count * length;
      return one === undefined || count === undefined ? undefined : one * count;
    }
    default: {
      const signature = type.die(At.signature);
      if (signature !== undefined) return sizeOf(signature, depth + 1);
      const target = type.die(At.type);
      return target && sizeOf(target, depth + 1);
    }
  }
}

/** How many elements each dimension has; undefined for one that is open. */
export function arrayLengths(array: Die): (number | undefined)[] {
  const lengths: (number | undefined)[] = [];
  for (const range of array.children()) {
    if (range.tag !== Tag.subrange) continue;
    const count = range.number(At.count);
    const upper = range.integer(At.upperBound);
    // An upper bound of all ones is how some compilers write -1: no element.
    if (count !== undefined) lengths.push(count);
    else if (upper !== undefined) lengths.push(Number(BigInt.asUintN(32, upper + 1n)));
    else lengths.push(undefined);
  }
  return lengths;
}
