import type { Expr, ExprOf } from '../ast.ts';
import type { Span } from '../source.ts';
import type { ArithmeticOperator, CompareOperator, Tree } from '../tree.ts';
import {
  bool,
  f64,
  i8,
  i64,
  isInteger,
  isNumber,
  limits,
  never,
  nothing,
  str,
  type Type,
  wrap,
  wrong,
} from '../types.ts';
import { checkAgain, checkCall } from './call.ts';
import { coerce, describeType } from './convert.ts';
import { checkBlock, checkBreak, checkContinue, checkIf, checkLoop, checkReturn } from './flow.ts';
import { checkMatch } from './match.ts';
import { checkClosure, checkField, checkIndex, checkName, checkPath, checkStruct } from './name.ts';
import { arrayOf, resolveType } from './resolve.ts';
import type { Body } from './scope.ts';

/** Stands for what could not be checked; of type `wrong` unless the type is known all the same. */
export const wrongTree = (span: Span, type: Type = wrong): Tree => ({ kind: 'wrong', type, span });

/**
 * The typed tree of an expression. `wanted` is the type that the place would like: literals take it; everything else
 * has its own type, and `checkAs` is what insists.
 */
export function checkExpr(body: Body, expr: Expr, wanted?: Type): Tree {
  const { span } = expr;
  switch (expr.kind) {
    case 'int':
      return checkInt(body, expr, expr.value, wanted);
    case 'float':
      return {
        kind: 'float',
        value: wanted?.kind === 'float' && wanted.bits === 32 ? Math.fround(expr.value) : expr.value,
        type: wanted?.kind === 'float' ? wanted : f64,
        span,
      };
    case 'char':
      return {
        kind: 'int',
        value: BigInt(expr.value),
        type: wanted !== undefined && isInteger(wanted) ? wanted : i8,
        span,
      };
    case 'bool':
      return { kind: 'bool', value: expr.value, type: bool, span };
    case 'string':
      return { kind: 'string', bytes: expr.bytes, type: str, span };
    case 'name':
      return checkName(body, expr, wanted);
    case 'path':
      return checkPath(body, expr, wanted);
    case 'field':
      return checkField(body, expr, wanted);
    case 'index':
      return checkIndex(body, expr);
    case 'call':
      return checkCall(body, expr, wanted);
    case 'again':
      return checkAgain(body, expr);
    case 'unary':
      return checkUnary(body, expr, wanted);
    case 'binary':
      return checkBinary(body, expr, wanted);
    case 'cast':
      return checkCast(body, expr);
    case 'range':
      return checkRange(body, expr);
    case 'struct':
      return checkStruct(body, expr, wanted);
    case 'array':
      return checkArray(body, expr, wanted);
    case 'repeat':
      return checkRepeat(body, expr, wanted);
    case 'block':
      return checkBlock(body, expr.block, wanted);
    case 'if':
      return checkIf(body, expr, wanted);
    case 'loop':
      return checkLoop(body, expr, wanted);
    case 'match':
      return checkMatch(body, expr, wanted);
    case 'closure':
      return checkClosure(body, expr, wanted);
    case 'break':
      return checkBreak(body, expr);
    case 'continue':
      return checkContinue(body, expr);
    case 'return':
      return checkReturn(body, expr);
    case 'wrong':
      return wrongTree(span);
  }
}

/** The tree of an expression as exactly this type; reports when it has another. */
export function checkAs(body: Body, expr: Expr, wanted: Type, why?: string): Tree {
  return coerce(body, checkExpr(body, expr, wanted), wanted, why);
}

function checkInt(body: Body, expr: Expr, value: bigint, wanted: Type | undefined): Tree {
  const { span } = expr;
  if (wanted?.kind === 'float') return { kind: 'float', value: Number(value), type: wanted, span };
  const type = wanted !== undefined && isInteger(wanted) ? wanted : i64;
  const { low, high } = limits(type);
  if (value >= low && value <= high) return { kind: 'int', value, type, span };
  // `0xcbf29ce484222325` means these bits, whatever sign they give.
  const written = span.source.text.slice(span.start, span.end);
  const bits = /^-?0[xXbB]/.test(written) && value >= 0n && value < 1n << BigInt(type.bits);
  if (!bits) {
    body.error(
      'E0401',
      span,
      `${value} does not fit in \`${type.name}\``,
      `\`${type.name}\` goes from ${low} to ${high}`,
    );
  }
  return { kind: 'int', value: wrap(value, type), type, span };
}

/** True for what takes its type from its place: literals, and operators on literals alone. */
export function isFlexible(expr: Expr): boolean {
  switch (expr.kind) {
    case 'int':
    case 'float':
    case 'char':
      return true;
    case 'unary':
      return (expr.op === '-' || expr.op === '~') && isFlexible(expr.operand);
    case 'binary':
      return /^(?:[-+*/%&|^]|<<|>>)$/.test(expr.op) && isFlexible(expr.left) && isFlexible(expr.right);
    default:
      return false;
  }
}

function checkUnary(body: Body, expr: ExprOf<'unary'>, wanted: Type | undefined): Tree {
  const { span, op } = expr;
  if (op === '&') return checkAddress(body, expr, wanted);
  if (op === '*') {
    const inner = wanted === undefined ? undefined : body.checker.types.pointer(wanted);
    const pointer = checkExpr(body, expr.operand, inner);
    if (pointer.type.kind === 'wrong') return wrongTree(span);
    if (pointer.type.kind === 'str') return { kind: 'deref', pointer, type: i8, span };
    if (pointer.type.kind !== 'pointer') {
      body.error(
        'E0402',
        span,
        `${describeType(pointer.type)} is no pointer`,
        pointer.type === i64 ? 'make it one: `*(p as *i64)`' : undefined,
      );
      return wrongTree(span);
    }
    return { kind: 'deref', pointer, type: pointer.type.to, span };
  }
  if (op === '-' && expr.operand.kind === 'int')
    return checkInt(body, { ...expr.operand, span }, -expr.operand.value, wanted);
  const operand = checkExpr(body, expr.operand, wanted);
  const { type } = operand;
  if (type.kind === 'wrong') return wrongTree(span);
  const good = op === '!' ? type.kind === 'bool' : op === '-' ? isNumber(type) : isInteger(type);
  if (!good) {
    const hint = op === '!' && isInteger(type) ? 'compare it: `x == 0`; the bits are turned by `~`' : undefined;
    body.error('E0403', span, `\`${op}\` does not apply to ${describeType(type)}`, hint);
    return wrongTree(span);
  }
  return { kind: 'unary', op, operand, type, span };
}

function checkAddress(body: Body, expr: ExprOf<'unary'>, wanted: Type | undefined): Tree {
  const inner = wanted?.kind === 'pointer' ? wanted.to : undefined;
  const place = checkExpr(body, expr.operand, inner);
  const { span } = expr;
  if (place.type.kind === 'wrong') return wrongTree(span);
  if (place.kind === 'function') return place;
  if (place.type.kind === 'void' || place.type.kind === 'never') {
    body.error('E0404', span, 'this has no value, so no address');
    return wrongTree(span);
  }
  return { kind: 'address', place, type: body.checker.types.pointer(place.type), span };
}

const compares = new Set<string>(['==', '!=', '<', '>', '<=', '>=']);

function checkBinary(body: Body, expr: ExprOf<'binary'>, wanted: Type | undefined): Tree {
  const { op, span } = expr;
  if (op === '&&' || op === '||') {
    const left = checkAs(body, expr.left, bool, `\`${op}\` joins conditions`);
    const right = checkAs(body, expr.right, bool, `\`${op}\` joins conditions`);
    return { kind: 'logic', op, left, right, type: bool, span };
  }
  const compared = compares.has(op);
  const hope = compared ? undefined : wanted;
  if (op === '<<' || op === '>>') return checkShift(body, expr, op, hope);
  // A literal takes the type of the other side, whichever side that is.
  const flexibleLeft = isFlexible(expr.left) && !isFlexible(expr.right);
  let left: Tree;
  let right: Tree;
  if (flexibleLeft) {
    right = checkExpr(body, expr.right, hope);
    left = checkExpr(body, expr.left, isNumber(right.type) ? right.type : undefined);
  } else {
    left = checkExpr(body, expr.left, hope);
    right = checkExpr(body, expr.right, left.type.kind === 'wrong' ? undefined : left.type);
  }
  if (left.type.kind === 'wrong' || right.type.kind === 'wrong') return wrongTree(span);
  if (left.type.kind === 'never' || right.type.kind === 'never') {
    // `x + (R 1)`: what stands before the jump still runs.
    const statements = [left, right].map((value) => ({ kind: 'expression' as const, value, span }));
    return { kind: 'block', statements, value: undefined, type: never, span };
  }
  const common = commonType(left.type, right.type);
  if (common === undefined) {
    body.error(
      'E0405',
      expr.opSpan,
      `\`${op}\` has ${describeType(left.type)} on its left and ${describeType(right.type)} on its right`,
      isNumber(left.type) && isNumber(right.type)
        ? `convert one of them: \`as ${wider(left.type, right.type).name}\``
        : undefined,
    );
    return wrongTree(span);
  }
  if (compared) {
    const order = op !== '==' && op !== '!=';
    if (order ? !isNumber(common) && common.kind !== 'pointer' && common.kind !== 'str' : !comparable(common)) {
      body.error(
        'E0403',
        expr.opSpan,
        `\`${op}\` does not apply to ${describeType(common)}`,
        common.kind === 'struct' || common.kind === 'enum' ? 'compare its parts, or use `M`' : undefined,
      );
      return wrongTree(span);
    }
    return { kind: 'compare', op: op as CompareOperator, left, right, type: bool, span };
  }
  const whole = /^[%&|^]$/.test(op);
  const bits = /^[&|^]$/.test(op) && common.kind === 'bool';
  if (!(whole ? isInteger(common) : isNumber(common)) && !bits) {
    const hint =
      common.kind === 'pointer'
        ? 'the address of an element is `&p[i]`'
        : op === '%' && common.kind === 'float'
          ? 'use `fmod(a, b)`'
          : undefined;
    body.error('E0403', expr.opSpan, `\`${op}\` does not apply to ${describeType(common)}`, hint);
    return wrongTree(span);
  }
  if ((op === '/' || op === '%') && right.kind === 'int' && right.value === 0n) {
    body.report.warning('W0401', right.span, 'this divides by zero, which traps when it runs');
  }
  return { kind: 'arithmetic', op: op as ArithmeticOperator, left, right, type: common, span };
}

function checkShift(body: Body, expr: ExprOf<'binary'>, op: '<<' | '>>', wanted: Type | undefined): Tree {
  const left = checkExpr(body, expr.left, wanted !== undefined && isInteger(wanted) ? wanted : undefined);
  const right = checkExpr(body, expr.right);
  if (left.type.kind === 'wrong' || right.type.kind === 'wrong') return wrongTree(expr.span);
  if (!isInteger(left.type) || !isInteger(right.type)) {
    body.error(
      'E0403',
      expr.opSpan,
      `\`${op}\` does not apply to ${describeType(isInteger(left.type) ? right.type : left.type)}`,
    );
    return wrongTree(expr.span);
  }
  return { kind: 'arithmetic', op, left, right, type: left.type, span: expr.span };
}

function commonType(left: Type, right: Type): Type | undefined {
  if (left === right) return left;
  const text = (type: Type): boolean => type.kind === 'str' || (type.kind === 'pointer' && type.to === i8);
  return text(left) && text(right) ? (left.kind === 'pointer' ? left : right) : undefined;
}

function comparable(type: Type): boolean {
  if (type.kind === 'enum') return type.variants.every((variant) => variant.fields.length === 0);
  return isNumber(type) || ['bool', 'pointer', 'str', 'fn'].includes(type.kind);
}

function wider(a: Type, b: Type): Type {
  if (a.kind !== b.kind) return a.kind === 'float' ? a : b;
  return (a.kind === 'int' || a.kind === 'float') && a.kind === b.kind && 'bits' in b && a.bits >= b.bits ? a : b;
}

function checkCast(body: Body, expr: ExprOf<'cast'>): Tree {
  const type = resolveType(body.checker, body.module, expr.type, body.typeNames);
  const { span } = expr;
  const flexible = isFlexible(expr.value) && (type.kind === 'float' || (type.kind === 'int' && type.bits > 64));
  const value = checkExpr(body, expr.value, flexible ? type : undefined);
  if (type.kind === 'wrong' || value.type.kind === 'wrong') return wrongTree(span);
  if (value.type === type) return value;
  if (!castable(value.type, type)) {
    body.error(
      'E0406',
      span,
      `${describeType(value.type)} cannot become ${describeType(type)}`,
      value.type.kind === 'float' && type.kind === 'pointer' ? 'go by way of `i64`' : undefined,
    );
    return wrongTree(span);
  }
  if (value.type.kind === 'array' && type.kind === 'pointer') {
    return {
      kind: 'cast',
      value: { kind: 'address', place: value, type: body.checker.types.pointer(value.type), span },
      type,
      span,
    };
  }
  return { kind: 'cast', value, type, span };
}

function castable(from: Type, to: Type): boolean {
  const address = (type: Type): boolean => ['pointer', 'str', 'fn'].includes(type.kind);
  if (isNumber(from))
    return isNumber(to) || (to.kind === 'bool' && from.kind === 'int') || (address(to) && from.kind === 'int');
  if (from.kind === 'bool') return isInteger(to);
  if (from.kind === 'enum') return isInteger(to) && from.variants.every((variant) => variant.fields.length === 0);
  if (from.kind === 'array') return to.kind === 'pointer' && to.to === from.element;
  return address(from) && (address(to) || (isInteger(to) && to.bits === 64));
}

function checkRange(body: Body, expr: ExprOf<'range'>): Tree {
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

function checkArray(body: Body, expr: ExprOf<'array'>, wanted: Type | undefined): Tree {
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

function checkRepeat(body: Body, expr: ExprOf<'repeat'>, wanted: Type | undefined): Tree {
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

/** True for a type that a variable can have. */
export const isValue = (type: Type): boolean => type !== nothing && type.kind !== 'never';
