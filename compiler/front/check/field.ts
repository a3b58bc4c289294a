import type { ExprOf, Name } from '../ast.ts';
import { didYouMean } from '../diagnostic.ts';
import type { Span } from '../source.ts';
import type { Tree } from '../tree.ts';
import { i8, i64, type Type } from '../types.ts';
import { describeType } from './convert.ts';
import { checkExpr, wrongTree } from './expression.ts';
import type { Body } from './scope.ts';

/** The field, through any number of pointers; undefined when there is none of this name. */
export function fieldOf(body: Body, value: Tree, name: Name, span: Span): Tree | undefined {
  let object = value;
  while (object.type.kind === 'pointer')
    object = { kind: 'deref', pointer: object, type: object.type.to, span: object.span };
  const { type } = object;
  if (type.kind === 'struct') {
    const index = type.fields.findIndex((field) => field.name === name.text);
    const field = type.fields[index];
    return field === undefined ? undefined : { kind: 'field', object, index, type: field.type, span };
  }
  if (type.kind === 'slice' && name.text === 'len') return { kind: 'member', object, name: 'length', type: i64, span };
  if (type.kind === 'slice' && name.text === 'ptr') {
    return { kind: 'member', object, name: 'at', type: body.checker.types.pointer(type.element), span };
  }
  if (type.kind === 'array' && name.text === 'len') return { kind: 'int', value: BigInt(type.length), type: i64, span };
  if (type.kind === 'range' && name.text === 'start')
    return { kind: 'member', object, name: 'from', type: type.element, span };
  if (type.kind === 'range' && name.text === 'end')
    return { kind: 'member', object, name: 'to', type: type.element, span };
  return undefined;
}

export function noField(body: Body, found: Type, name: Name): void {
  let type = found;
  while (type.kind === 'pointer') type = type.to;
  if (type.kind === 'wrong') return;
  const names =
    type.kind === 'struct'
      ? type.fields.map((field) => field.name)
      : ['slice', 'array'].includes(type.kind)
        ? ['len']
        : [];
  const list =
    names.length > 0 && names.length <= 8 ? `it has ${names.map((one) => `\`${one}\``).join(', ')}` : undefined;
  const hint = didYouMean(name.text, names) ?? list;
  body.error('E0314', name.span, `${describeType(type)} has no field \`${name.text}\``, hint);
}

export function checkIndex(body: Body, expr: ExprOf<'index'>): Tree {
  const { span } = expr;
  const object = checkExpr(body, expr.object);
  const index = checkExpr(body, expr.index);
  if (object.type.kind === 'wrong' || index.type.kind === 'wrong') return wrongTree(span);
  let target = object;
  // `p[i]` of a pointer to an array is the array's element, as `p.field` is the struct's field.
  while (target.type.kind === 'pointer' && (target.type.to.kind === 'array' || target.type.to.kind === 'slice')) {
    target = { kind: 'deref', pointer: target, type: target.type.to, span: target.span };
  }
  const { type } = target;
  const element =
    type.kind === 'array' || type.kind === 'slice'
      ? type.element
      : type.kind === 'pointer'
        ? type.to
        : type.kind === 'str'
          ? i8
          : undefined;
  if (element === undefined) {
    body.error('E0412', span, `${describeType(type)} has no elements`);
    return wrongTree(span);
  }
  if (index.type.kind === 'range') {
    if (type.kind === 'str') {
      body.error('E0412', span, '`str` has no slices', 'slice an array of `i8`');
      return wrongTree(span);
    }
    return { kind: 'slice', object: target, range: index, type: body.checker.types.slice(element), span };
  }
  if (index.type.kind !== 'int') {
    body.error('E0413', index.span, `an index is an integer, not ${describeType(index.type)}`);
    return wrongTree(span);
  }
  if (type.kind === 'array' && index.kind === 'int' && (index.value < 0n || index.value >= BigInt(type.length))) {
    body.error(
      'E0414',
      index.span,
      `\`${type.name}\` has no element ${index.value}`,
      `the last one is ${type.length - 1}`,
    );
  }
  return { kind: 'index', object: target, index, type: element, span };
}
