import type { ExprOf } from '../ast.ts';
import type { ArithmeticOperator, CompareOperator, Tree } from '../tree.ts';
import { bool, i8, i64, isInteger, isNumber, never, type Type } from '../types.ts';
import { describeType } from './convert.ts';
import { checkAs, checkExpr, checkInt, isFlexible, wrongTree } from './expression.ts';
import type { Body } from './scope.ts';

export function checkUnary(body: Body, expr: ExprOf<'unary'>, wanted: Type | undefined): Tree {
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

export function checkBinary(body: Body, expr: ExprOf<'binary'>, wanted: Type | undefined): Tree {
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
