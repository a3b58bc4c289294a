import { layoutOf } from '../../../front/layout.ts';
import type { Tree, TreeOf } from '../../../front/tree.ts';
import { i64, type Type } from '../../../front/types.ts';
import { type BodyEmitter, hasEffects, isFixed } from './body.ts';
import { trapBounds, trapNull } from './helper.ts';
import { fieldName } from './names.ts';
import { raw, value } from './value.ts';

/** The pointer, checked not to be null where the machine would not notice it by itself. */
export function notNull(b: BodyEmitter, type: Type, pointer: string, far: boolean): string {
  if (pointer.startsWith('(&')) return pointer;
  if (b.unit.options.release) return pointer;
  const kept = b.twice(type, pointer);
  const check = far ? 'VAIS_FAR' : 'VAIS_NEAR';
  trapNull(b.unit);
  return `${check}(${b.unit.type(type)}, ${kept})`;
}

/** Accesses below this offset from null hit the page that no system maps. */
const nullPage = 4096;

/**
 * A variable, field, element or `*p` as C names it; its parts are evaluated. `later`: only its address is taken now, so
 * that the machine notices no null pointer on the way.
 */
export function place(b: BodyEmitter, tree: Tree, later = false): string {
  switch (tree.kind) {
    case 'field': {
      const { object } = tree;
      const field = object.type.kind === 'struct' ? object.type.fields[tree.index] : undefined;
      const name = field === undefined ? '' : fieldName(field);
      if (object.kind === 'deref') {
        const pointer = value(b, object.pointer);
        return `${notNull(b, object.pointer.type, pointer, later || layoutOf(object.type).size > nullPage)}->${name}`;
      }
      return `${place(b, object, later)}.${name}`;
    }
    case 'payload': {
      const variant = tree.object.type.kind === 'enum' ? tree.object.type.variants[tree.variant] : undefined;
      const field = variant?.fields[tree.index];
      return `${place(b, tree.object, later)}.as.v${tree.variant}.${field === undefined ? '' : fieldName(field)}`;
    }
    case 'deref': {
      const pointer = value(b, tree.pointer);
      if (pointer.startsWith('(&') && pointer.endsWith(')')) return pointer.slice(2, -1);
      return `(*${notNull(b, tree.pointer.type, pointer, later || layoutOf(tree.type).size > nullPage)})`;
    }
    case 'index':
      return element(b, tree, later);
    case 'local':
    case 'global':
      return raw(b, tree);
    default:
      return b.keep(tree.type, raw(b, tree));
  }
}

function element(b: BodyEmitter, tree: TreeOf<'index'>, addressed: boolean): string {
  const { object, index } = tree;
  const { type } = object;
  const later = hasEffects(index);
  let base: string;
  if (type.kind === 'pointer' || type.kind === 'str' || type.kind === 'slice') {
    base = value(b, object);
    if (later && !isFixed(object)) base = b.keep(type, base);
  } else {
    base = place(b, object, later || addressed);
    if (later && object.kind !== 'local' && object.kind !== 'global') {
      const pointer = b.unit.type(type);
      const name = b.fresh();
      b.put(`${pointer} *${name} = &${base};`);
      base = `(*${name})`;
    }
  }
  const at = value(b, index);
  if (type.kind === 'array') {
    const inside = index.kind === 'int' && index.value >= 0n && index.value < BigInt(type.length);
    return `${base}.at[${inside ? at : bounded(b, at, index.type, `${type.length}`)}]`;
  }
  if (type.kind === 'slice') {
    const kept = b.unit.options.release || /^\w+$/.test(base) ? base : b.keep(type, base);
    return `${kept}.at[${bounded(b, at, index.type, `${kept}.length`)}]`;
  }
  return `${notNull(b, type, base, true)}[${at}]`;
}

function bounded(b: BodyEmitter, index: string, type: Type, length: string): string {
  if (b.unit.options.release) return index;
  trapBounds(b.unit);
  const wide = type.kind === 'int' && type.bits > 64;
  const kept = wide ? b.keep(i64, position(b, index, type)) : b.twice(type, index);
  // A negative index is a huge one without its sign, so that one comparison finds both.
  return `VAIS_INDEX(${kept}, ${length})`;
}

/** The address of a place; what is no place is kept in a variable first. */
export function address(b: BodyEmitter, tree: Tree): string {
  const text = tree.kind === 'data' ? b.keep(tree.type, value(b, tree)) : place(b, tree, true);
  return `(&${text})`;
}

/** An index as `i64`; what is too large for that becomes a negative number, which is outside everything too. */
export function position(b: BodyEmitter, index: string, type: Type): string {
  if (type.kind !== 'int' || type.bits < 64 || (type.bits === 64 && type.signed)) return `(i64)${index}`;
  const kept = b.twice(type, index);
  return `((u${type.bits})${kept} > 9223372036854775807ULL ? -9223372036854775807LL - 1 : (i64)${kept})`;
}
