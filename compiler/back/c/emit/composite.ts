import { hasPayload } from '../../../front/layout.ts';
import type { Tree, TreeOf } from '../../../front/tree.ts';
import { i64 } from '../../../front/types.ts';
import type { BodyEmitter } from './body.ts';
import { trapBounds } from './helper.ts';
import { fieldName } from './names.ts';
import { place, position } from './place.ts';
import { value, values } from './value.ts';

export function composite(b: BodyEmitter, tree: TreeOf<'struct' | 'variant' | 'array' | 'repeat' | 'range'>): string {
  const type = b.unit.type(tree.type);
  switch (tree.kind) {
    case 'struct': {
      const fields = tree.type.kind === 'struct' ? tree.type.fields : [];
      const given = values(
        b,
        tree.fields.map((field) => field.value),
      );
      const parts = tree.fields.map(({ index }, at) => {
        const field = fields[index];
        return `.${field === undefined ? '' : fieldName(field)} = ${given[at]}`;
      });
      return `((${type}){${parts.join(', ') || '0'}})`;
    }
    case 'variant': {
      if (tree.type.kind === 'enum' && !hasPayload(tree.type)) return `${tree.variant}`;
      const fields = tree.type.kind === 'enum' ? (tree.type.variants[tree.variant]?.fields ?? []) : [];
      const given = values(
        b,
        tree.fields.map((field) => field.value),
      );
      const name = b.fresh();
      b.put(`${type} ${name} = {0};`);
      b.put(`${name}.tag = ${tree.variant};`);
      for (const [at, { index }] of tree.fields.entries()) {
        const field = fields[index];
        if (field !== undefined) b.put(`${name}.as.v${tree.variant}.${fieldName(field)} = ${given[at]};`);
      }
      return name;
    }
    case 'array': {
      const name = b.fresh();
      const items = values(b, tree.items);
      b.put(`${type} ${name};`);
      for (const [index, item] of items.entries()) b.put(`${name}.at[${index}] = ${item};`);
      return name;
    }
    case 'repeat': {
      const item = value(b, tree.item);
      const name = b.fresh();
      if (/^(?:0|0LL|0U|0ULL|0\.0|\(\(\w+\)0(?:\.0)?\))$/.test(item)) {
        b.put(`${type} ${name} = {0};`);
        return name;
      }
      const kept = b.keep(tree.item.type, item);
      const at = b.fresh();
      b.put(`${type} ${name}; u64 ${at};`);
      b.put(`for (${at} = 0; ${at} < ${tree.count}; ${at}++) ${name}.at[${at}] = ${kept};`);
      return name;
    }
    case 'range': {
      const [from, to] = values(b, [tree.from, tree.to]);
      return `((${type}){${from}, ${to}, ${tree.inclusive ? 1 : 0}})`;
    }
  }
}

export function slice(b: BodyEmitter, tree: TreeOf<'slice'>): string {
  const { object, range } = tree;
  const type = b.unit.type(tree.type);
  let at: string;
  let length: string | undefined;
  if (object.type.kind === 'array') {
    const array = object.kind === 'data' ? b.keep(object.type, value(b, object)) : place(b, object, true);
    at = b.fresh();
    b.put(`${b.unit.type(object.type.element)} *${at} = ${array}.at;`);
    length = `${object.type.length}LL`;
  } else if (object.type.kind === 'slice') {
    const kept = b.keep(object.type, value(b, object));
    at = `${kept}.at`;
    length = `${kept}.length`;
  } else {
    at = b.keep(object.type, value(b, object));
  }
  if (range === undefined) return `((${type}){${at}, ${length ?? '0'}})`;
  const [from, to] = ends(b, range);
  if (!b.unit.options.release) {
    trapBounds(b.unit);
    const top = length === undefined ? '' : ` || ${to} > ${length}`;
    b.put(`if (${from} < 0 || ${to} < ${from}${top}) vais_trap_bounds();`);
  }
  return `((${type}){${at} + ${from}, ${to} - ${from}})`;
}

/**
 * Both ends of a range as `i64`, the upper one exclusive: one past the largest value of a smaller type is a number like
 * others, and one past the largest `i64` is below every start.
 */
function ends(b: BodyEmitter, range: Tree): [string, string] {
  if (range.kind === 'range') {
    const [from = '', to = ''] = values(b, [range.from, range.to]);
    const { type } = range.from;
    return [b.keep(i64, position(b, from, type)), b.keep(i64, position(b, to, type) + (range.inclusive ? ' + 1' : ''))];
  }
  const kept = b.keep(range.type, value(b, range));
  const type = range.type.kind === 'range' ? range.type.element : range.type;
  const to = `${position(b, `${kept}.to`, type)} + ${kept}.inclusive`;
  return [b.keep(i64, position(b, `${kept}.from`, type)), b.keep(i64, to)];
}
