import type { ExprOf } from '../ast.ts';
import type { Tree } from '../tree.ts';
import { isInteger, isNumber, type Type } from '../types.ts';
import { describeType } from './convert.ts';
import { checkExpr, isFlexible, wrongTree } from './expression.ts';
import { resolveType } from './resolve.ts';
import type { Body } from './scope.ts';

export function checkCast(body: Body, expr: ExprOf<'cast'>): Tree {
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
