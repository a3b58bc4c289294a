import { hasPayload, layoutOf } from '../layout.ts';
import type { CompareOperator, Tree, TreeOf } from '../tree.ts';
import { type FloatType, type IntType, i64, type Type } from '../types.ts';
import { type BodyEmitter, hasEffects, isFixed } from './body.ts';
import { emitCall } from './call.ts';
import { divide, toInteger, trapBounds, trapNull } from './helper.ts';
import { float, integer } from './literal.ts';
import { emitBlock, emitIf, emitJump, emitLoop, emitMatch } from './statement.ts';
import { fieldName, outlives } from './unit.ts';

/** A value as a C expression that has no effects and can be written more than once. */
export function value(b: BodyEmitter, tree: Tree): string {
  const text = raw(b, tree);
  if (
    tree.kind === 'call' ||
    tree.kind === 'callForeign' ||
    tree.kind === 'callBuiltin' ||
    tree.kind === 'callPointer'
  ) {
    if (tree.type.kind === 'void' || tree.type.kind === 'never') {
      b.put(`${text};`);
      return '0';
    }
    const kept = b.keep(tree.type, text);
    if (tree.kind === 'call' || tree.kind === 'callPointer') b.backAt(tree.span);
    return kept;
  }
  return text;
}

/** Values from left to right: one is kept when something to its right could change it. */
export function values(b: BodyEmitter, trees: readonly Tree[]): string[] {
  let last = -1;
  for (const [index, tree] of trees.entries()) if (hasEffects(tree)) last = index;
  return trees.map((tree, index) => {
    const text = value(b, tree);
    if (index >= last || isFixed(tree) || !isReal(tree.type) || /^t\d+_$/.test(text)) return text;
    return b.keep(tree.type, text);
  });
}

const isReal = (type: Type): boolean => type.kind !== 'void' && type.kind !== 'never' && type.kind !== 'wrong';

/** What stands for a value that is never reached. */
function unreached(b: BodyEmitter, type: Type): string {
  return isReal(type) ? `(*(${b.unit.type(type)} *)0)` : '0';
}

/** As `value`, but a call may be left as a call: for a place where it is written once, at once. */
export function raw(b: BodyEmitter, tree: Tree): string {
  switch (tree.kind) {
    case 'int':
      return integer(tree.value, tree.type as IntType);
    case 'float':
      return float(tree.value, (tree.type as FloatType).bits);
    case 'bool':
      return tree.value ? '1' : '0';
    case 'string':
      return b.unit.string(tree.bytes, true);
    case 'local':
      return b.local(tree.local);
    case 'global':
      return b.unit.globalPlace(tree.global);
    case 'data':
      return data(b, tree);
    case 'function':
      return b.unit.addressName(tree.target, b.view);
    case 'foreign':
      return foreignAddress(b, tree);
    case 'field':
    case 'payload':
    case 'index':
    case 'deref':
      return place(b, tree);
    case 'tag': {
      const object = value(b, tree.object);
      return tree.object.type.kind === 'enum' && !hasPayload(tree.object.type) ? object : `${object}.tag`;
    }
    case 'member':
      return `${value(b, tree.object)}.${tree.name}`;
    case 'address':
      return address(b, tree.place);
    case 'unary':
      return unary(b, tree);
    case 'arithmetic':
      return arithmetic(b, tree.op, tree.type, values(b, [tree.left, tree.right]), tree.right);
    case 'compare':
      return compare(b, tree);
    case 'logic':
      return logic(b, tree);
    case 'cast':
      return cast(b, value(b, tree.value), tree.value.type, tree.type);
    case 'call':
    case 'callForeign':
    case 'callBuiltin':
    case 'callPointer':
      return emitCall(b, tree);
    case 'struct':
    case 'variant':
    case 'array':
    case 'repeat':
    case 'range':
      return composite(b, tree);
    case 'slice':
      return slice(b, tree);
    case 'block':
      return emitBlock(b, tree) ?? unreached(b, tree.type);
    case 'if':
      return emitIf(b, tree) ?? unreached(b, tree.type);
    case 'match':
      return emitMatch(b, tree) ?? unreached(b, tree.type);
    case 'loop':
      return emitLoop(b, tree) ?? unreached(b, tree.type);
    case 'break':
    case 'continue':
    case 'return':
      emitJump(b, tree);
      return unreached(b, tree.type);
    case 'wrong':
      throw new Error(
        `a wrong tree reached the emitter at ${tree.span.source.path}:${tree.span.source.line(tree.span.start)}`,
      );
  }
}

function data(b: BodyEmitter, tree: TreeOf<'data'>): string {
  // Strings and functions must outlive the image, so they cannot stand in its static data.
  if (b.unit.options.kind === 'image' && outlives(tree.data.value)) return value(b, tree.data.value);
  return b.unit.constant(tree.data);
}

function foreignAddress(b: BodyEmitter, tree: TreeOf<'foreign'>): string {
  return `((${b.unit.type(tree.type)})${b.unit.foreign(tree.target)})`;
}

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

function unary(b: BodyEmitter, tree: TreeOf<'unary'>): string {
  const operand = value(b, tree.operand);
  if (tree.op === '!') return `(!${operand})`;
  return narrow(tree.type, `(${tree.op}${operand})`);
}

/** C computes in `int`; the result of a smaller type is cut back to it. */
function narrow(type: Type, text: string): string {
  return type.kind === 'int' && type.bits < 32 ? `((${type.name})${text})` : text;
}

export function arithmetic(
  b: BodyEmitter,
  op: string,
  type: Type,
  [left = '', right = '']: string[],
  rightTree: Tree,
): string {
  if (type.kind === 'int') {
    if (op === '/' || op === '%') {
      const plain = rightTree.kind === 'int' && rightTree.value !== 0n && rightTree.value !== -1n;
      return plain ? narrow(type, `(${left} ${op} ${right})`) : `${divide(b.unit, op, type)}(${left}, ${right})`;
    }
    if (op === '<<' || op === '>>') {
      const count = `(${right} & ${type.bits - 1})`;
      if (op === '>>') return narrow(type, `(${left} >> ${count})`);
      return `((${type.name})((u${type.bits})${left} << ${count}))`;
    }
    // Small unsigned factors become `int` in C and could overflow it.
    if (op === '*' && type.bits === 16 && !type.signed) return `((u16)((u32)${left} * (u32)${right}))`;
  }
  return narrow(type, `(${left} ${op} ${right})`);
}

function compare(b: BodyEmitter, tree: TreeOf<'compare'>): string {
  const [left = '', right = ''] = values(b, [tree.left, tree.right]);
  return comparison(b, tree.op, tree.left.type, tree.right.type, left, right);
}

function comparison(
  b: BodyEmitter,
  op: CompareOperator,
  leftType: Type,
  rightType: Type,
  left: string,
  right: string,
): string {
  if (leftType.kind === 'str' && rightType.kind === 'str') {
    b.unit.libc.add('strcmp');
    return `(strcmp((const char *)${left}, (const char *)${right}) ${op} 0)`;
  }
  return `(${left} ${op} ${right})`;
}

function logic(b: BodyEmitter, tree: TreeOf<'logic'>): string {
  const left = value(b, tree.left);
  const right = b.capture(() => value(b, tree.right));
  if (right.lines.length === 0) return `(${left} ${tree.op} ${right.value})`;
  const result = b.keep(tree.type, left);
  b.put(`if (${tree.op === '&&' ? result : `!${result}`}) {`);
  for (const line of right.lines) b.put(line);
  if (isReal(tree.right.type)) b.put(`${result} = ${right.value};`);
  b.put('}');
  return result;
}

const isU64 = (type: Type): boolean => type.kind === 'int' && type.bits === 64 && !type.signed;

export function cast(b: BodyEmitter, text: string, from: Type, to: Type): string {
  if (from === to) return text;
  const type = b.unit.type(to);
  // tcc turns large unsigned numbers into floats and back by functions of its own library.
  if ([from, to].some(isU64) && [from, to].some((one) => one.kind === 'float')) b.unit.links.helpers = true;
  if (to.kind === 'bool') return `(${text} != 0)`;
  if (from.kind === 'float' && to.kind === 'int') return `${toInteger(b.unit, from, to)}(${text})`;
  return `((${type})${text})`;
}

function composite(b: BodyEmitter, tree: TreeOf<'struct' | 'variant' | 'array' | 'repeat' | 'range'>): string {
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

function slice(b: BodyEmitter, tree: TreeOf<'slice'>): string {
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

/** An index as `i64`; what is too large for that becomes a negative number, which is outside everything too. */
function position(b: BodyEmitter, index: string, type: Type): string {
  if (type.kind !== 'int' || type.bits < 64 || (type.bits === 64 && type.signed)) return `(i64)${index}`;
  const kept = b.twice(type, index);
  return `((u${type.bits})${kept} > 9223372036854775807ULL ? -9223372036854775807LL - 1 : (i64)${kept})`;
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
