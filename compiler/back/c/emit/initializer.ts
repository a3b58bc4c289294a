import { hasPayload } from '../../../front/layout.ts';
import type { Tree } from '../../../front/tree.ts';
import type { IntType } from '../../../front/types.ts';
import { float, integer, quote } from './literal.ts';
import { fieldName } from './names.ts';
import type { Unit } from './unit.ts';

/** A literal tree as C writes it in static data. */
export function initializer(unit: Unit, tree: Tree): string {
  switch (tree.kind) {
    case 'int':
      return integer(tree.value, tree.type as IntType);
    case 'float':
      return float(tree.value, tree.type.kind === 'float' ? tree.type.bits : 64);
    case 'bool':
      return tree.value ? '1' : '0';
    case 'string':
      return `(i8 *)${quote(tree.bytes)}`;
    case 'function':
      return unit.options.kind === 'image' ? '0' : unit.addressName(tree.target, undefined);
    case 'cast':
      return `(${unit.type(tree.type)})${initializer(unit, tree.value)}`;
    case 'struct': {
      const fields = tree.type.kind === 'struct' ? tree.type.fields : [];
      const parts = tree.fields.map(({ index, value }) => {
        const field = fields[index];
        return `.${field === undefined ? '' : fieldName(field)} = ${initializer(unit, value)}`;
      });
      return `{${parts.join(', ') || '0'}}`;
    }
    case 'variant': {
      if (tree.type.kind === 'enum' && !hasPayload(tree.type)) return `${tree.variant}`;
      const fields = tree.type.kind === 'enum' ? (tree.type.variants[tree.variant]?.fields ?? []) : [];
      const parts = tree.fields.map(({ index, value }) => {
        const field = fields[index];
        return `.${field === undefined ? '' : fieldName(field)} = ${initializer(unit, value)}`;
      });
      return parts.length === 0
        ? `{${tree.variant}}`
        : `{${tree.variant}, {.v${tree.variant} = {${parts.join(', ')}}}}`;
    }
    case 'array':
      return `{{${tree.items.map((item) => initializer(unit, item)).join(', ')}}}`;
    case 'repeat': {
      const item = initializer(unit, tree.item);
      return /^0(?:LL|U|ULL|\.0)?$/.test(item) ? '{{0}}' : `{{[0 ... ${tree.count - 1}] = ${item}}}`;
    }
    default:
      throw new Error(`a ${tree.kind} cannot stand in static data`);
  }
}
