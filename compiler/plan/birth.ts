/**
 * Which globals an image gives their first value by code: an address in one would lead into the image, which is unloaded
 * some day.
 */

import type { GlobalVariable, Tree } from '../front/tree.ts';
import type { Type } from '../front/types.ts';

/** True for a global that an image must give its value by code. */
export function bornByCode(global: GlobalVariable): boolean {
  return global.initial !== undefined && outlives(global.initial);
}

/** True where a value holds the address of a string or function: of what the program must still have without the image. */
export function outlives(tree: Tree): boolean {
  switch (tree.kind) {
    case 'string':
    case 'function':
      return true;
    case 'struct':
    case 'variant':
      return tree.fields.some((field) => outlives(field.value));
    case 'array':
      return tree.items.some(outlives);
    case 'repeat':
      return outlives(tree.item);
    case 'cast':
      return outlives(tree.value);
    default:
      return false;
  }
}

/** True for a type whose values can hold the address of a text or function. */
export function holdsAddress(type: Type): boolean {
  switch (type.kind) {
    case 'str':
    case 'fn':
    case 'pointer':
    case 'slice':
      return true;
    case 'array':
      return holdsAddress(type.element);
    case 'struct':
      return type.fields.some((field) => holdsAddress(field.type));
    case 'enum':
      return type.variants.some((variant) => variant.fields.some((field) => holdsAddress(field.type)));
    default:
      return false;
  }
}
