import type { Expr } from '../ast.ts';
import type { Span } from '../source.ts';
import type { Tree } from '../tree.ts';
import { bool, f64, i8, i64, isInteger, limits, nearestFloat, nothing, str, type Type, wrap, wrong } from '../types.ts';
import { checkArray, checkRange, checkRepeat } from './array.ts';
import { checkAgain, checkCall } from './call.ts';
import { checkCast } from './cast.ts';
import { coerce } from './convert.ts';
import { checkIndex } from './field.ts';
import { checkBlock, checkBreak, checkContinue, checkIf, checkReturn } from './flow.ts';
import { checkLoop } from './loop.ts';
import { checkMatch } from './match.ts';
import { checkClosure, checkField, checkName, checkPath } from './name.ts';
import { checkBinary, checkUnary } from './operator.ts';
import type { Body } from './scope.ts';
import { checkStruct } from './struct.ts';

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
        value: wanted?.kind === 'float' && wanted.bits === 32 ? expr.single : expr.value,
        type: wanted?.kind === 'float' ? wanted : f64,
        span,
      };
    case 'char': {
      const type = wanted !== undefined && isInteger(wanted) ? wanted : i8;
      return { kind: 'int', value: wrap(BigInt(expr.value), type), type, span };
    }
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

export function checkInt(body: Body, expr: Expr, value: bigint, wanted: Type | undefined): Tree {
  const { span } = expr;
  if (wanted?.kind === 'float') return { kind: 'float', value: nearestFloat(value, wanted.bits), type: wanted, span };
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

/** True for a type that a variable can have. */
export const isValue = (type: Type): boolean => type !== nothing && type.kind !== 'never';
