import type { Expr, ExprOf } from '../ast.ts';
import type { Tree } from '../tree.ts';
import { isInteger, isNumber, type Type, wrong } from '../types.ts';
import { coerce, describeType } from './convert.ts';
import { checkAs, checkExpr, isFlexible, isValue, wrongTree } from './expression.ts';
import { arrayOf, resolveType } from './resolve.ts';
import type { Body } from './scope.ts';

export function checkRange(body: Body, expr: ExprOf<'range'>): Tree {
  const { from, to, type } = checkBounds(body, expr);
  if (type === undefined) return wrongTree(expr.span);
  return { kind: 'range', from, to, inclusive: expr.inclusive, type: body.checker.types.range(type), span: expr.span };
}

/** Both ends of `a..b`, of one integer type. */
export function checkBounds(
  body: Body,
  expr: ExprOf<'range'>,
): { from: Tree; to: Tree; type: Extract<Type, { kind: 'int' }> | undefined } {
  let from: Tree;
  let to: Tree;
  if (isFlexible(expr.from) && !isFlexible(expr.to)) {
    to = checkExpr(body, expr.to);
    from = checkExpr(body, expr.from, to.type);
  } else {
    from = checkExpr(body, expr.from);
    to = checkExpr(body, expr.to, from.type);
  }
  if (from.type.kind === 'wrong' || to.type.kind === 'wrong') return { from, to, type: undefined };
  if (from.type !== to.type || !isInteger(from.type)) {
    body.error(
      'E0407',
      expr.span,
      `a range goes between two integers of one type, not ${describeType(from.type)} and ${describeType(to.type)}`,
    );
    return { from, to, type: undefined };
  }
  return { from, to, type: from.type };
}

export function checkArray(body: Body, expr: ExprOf<'array'>, wanted: Type | undefined): Tree {
  const { span } = expr;
  const hope = wanted?.kind === 'array' || wanted?.kind === 'slice' ? wanted.element : undefined;
  const first = expr.items[0];
  if (first === undefined) {
    body.error('E0408', span, 'an array has at least one element', 'an array of zeros is `[0; 16]`');
    return wrongTree(span);
  }
  // `[1, x]`: the literal takes the type of the first element that has one of its own, if that is a number.
  const leader = expr.items.find((item) => !isFlexible(item)) ?? first;
  const led = hope === undefined ? checkExpr(body, leader) : undefined;
  const follows = led !== undefined && leader !== first && !isNumber(led.type) && led.type.kind !== 'wrong';
  const element = hope ?? (follows ? checkExpr(body, first).type : led?.type) ?? wrong;
  if (element.kind !== 'wrong' && !isValue(element)) {
    body.error('E0404', leader.span, 'this has no value to keep in an array');
    return wrongTree(span);
  }
  const items = expr.items.map((item) =>
    led !== undefined && item === leader
      ? coerce(body, led, element, 'the elements of an array have one type')
      : checkAs(body, item, element, 'the elements of an array have one type'),
  );
  if (element.kind === 'wrong') return wrongTree(span);
  return { kind: 'array', items, type: arrayOf(body.checker, element, items.length, span), span };
}

export function checkRepeat(body: Body, expr: ExprOf<'repeat'>, wanted: Type | undefined): Tree {
  const { span } = expr;
  const hope = wanted?.kind === 'array' || wanted?.kind === 'slice' ? wanted.element : undefined;
  const item = hope === undefined ? checkExpr(body, expr.item) : checkAs(body, expr.item, hope);
  const length = constantLengthOf(body, expr.length);
  if (length === undefined || item.type.kind === 'wrong') return wrongTree(span);
  if (!isValue(item.type)) {
    body.error('E0404', item.span, 'this has no value to keep in an array');
    return wrongTree(span);
  }
  return { kind: 'repeat', item, count: length, type: arrayOf(body.checker, item.type, length, span), span };
}

function constantLengthOf(body: Body, expr: Expr): number | undefined {
  const type = resolveType(
    body.checker,
    body.module,
    { kind: 'array', element: { kind: 'named', name: 'i8', args: [], span: expr.span }, length: expr, span: expr.span },
    body.typeNames,
  );
  return type.kind === 'array' ? type.length : undefined;
}
