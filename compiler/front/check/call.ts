import type { Expr, ExprOf, Name } from '../ast.ts';
import { builtins } from '../builtins.ts';
import type { Span } from '../source.ts';
import type { Func, Tree } from '../tree.ts';
import type { Type } from '../types.ts';
import { callBuiltin, callForeign } from './call-foreign.ts';
import { callGeneric } from './call-generic.ts';
import { callMember, callMethod } from './call-method.ts';
import { describeType } from './convert.ts';
import { checkAs, checkExpr, wrongTree } from './expression.ts';
import { instance } from './function.ts';
import { captured } from './name.ts';
import { count } from './resolve.ts';
import type { Body, DeclaredOf } from './scope.ts';
import { checkVariant } from './variant.ts';

export function checkCall(body: Body, expr: ExprOf<'call'>, wanted?: Type): Tree {
  const { callee, args, span } = expr;
  if (callee.kind === 'name' && body.local(callee.name) === undefined) {
    const found = body.checker.find(body.module, callee.name);
    if (found?.kind === 'function') return callDeclared(body, found, callee, args, span, wanted);
    if (found === undefined) {
      const name: Name = { text: callee.name, span: callee.span };
      const variant = checkVariant(body, undefined, name, { kind: 'tuple', args }, span, wanted);
      if (variant !== undefined) return variant;
      const builtin = builtins.get(callee.name);
      if (builtin !== undefined && !captured(body, callee.name)) return callBuiltin(body, builtin, args, span);
      if (!captured(body, callee.name)) {
        body.error(
          'E0300',
          callee.span,
          `there is no function \`${callee.name}\``,
          body.suggest(callee.name, builtins.keys()) ?? foreignHint(callee.name),
        );
        return checkLost(body, args, span);
      }
    }
  }
  if (callee.kind === 'field') return callMethod(body, callee, args, span, wanted);
  if (callee.kind === 'path') {
    const head: ExprOf<'name'> = { kind: 'name', name: callee.head.text, args: callee.args, span: callee.head.span };
    return callMember(body, head, callee.member, args, span, wanted);
  }
  return callValue(body, checkExpr(body, callee), args, span);
}

function foreignHint(name: string): string {
  return `if it lives in C, declare it: \`@[extern "C"] F ${name}(…) -> i64\``;
}

export function checkLost(body: Body, args: readonly Expr[], span: Span): Tree {
  for (const arg of args) checkExpr(body, arg);
  return wrongTree(span);
}

export function callValue(body: Body, callee: Tree, args: readonly Expr[], span: Span): Tree {
  if (callee.type.kind === 'wrong') return checkLost(body, args, span);
  if (callee.type.kind !== 'fn') {
    body.error('E0415', callee.span, `${describeType(callee.type)} cannot be called`);
    return checkLost(body, args, span);
  }
  const { params, result } = callee.type;
  const checked = checkArgs(body, 'this function', params, args, span);
  return { kind: 'callPointer', callee, args: checked, type: result, span };
}

export function checkArgs(
  body: Body,
  name: string,
  params: readonly Type[],
  args: readonly Expr[],
  span: Span,
  names?: readonly string[],
): Tree[] {
  if (args.length !== params.length) {
    const list =
      names !== undefined && names.length > 0
        ? `: ${names.map((one, index) => `${one}: ${params[index]?.name ?? ''}`).join(', ')}`
        : '';
    body.error(
      'E0416',
      span,
      `${name} takes ${count(params.length, 'argument')}, found ${args.length}`,
      params.length > 0 ? `it takes (${list.slice(2) || params.map((param) => param.name).join(', ')})` : undefined,
    );
  }
  return args.map((arg, index) => {
    const param = params[index];
    if (param === undefined) return checkExpr(body, arg);
    const why = names?.[index] === undefined ? undefined : `${name} takes \`${names[index]}: ${param.name}\``;
    return checkAs(body, arg, param, why);
  });
}

function callDeclared(
  body: Body,
  found: DeclaredOf<'function'>,
  callee: ExprOf<'name'>,
  args: readonly Expr[],
  span: Span,
  wanted: Type | undefined,
): Tree {
  const { item } = found;
  if (item.foreign) return callForeign(body, found, args, span);
  const target =
    item.generics.length === 0 && callee.args.length === 0
      ? instance(body.checker, item, found.module, new Map(), undefined, span)
      : undefined;
  if (target !== undefined) return callFunc(body, target, args, span);
  return callGeneric(body, item, found.module, callee.args, new Map(), undefined, args, undefined, span, wanted);
}

export function callFunc(body: Body, target: Func, args: readonly Expr[], span: Span, self?: Tree): Tree {
  body.func.calls.add(target);
  const skip = self === undefined ? 0 : 1;
  const names = target.item?.params.slice(skip).map((param) => param.name.text);
  const checked = checkArgs(body, `\`${target.name}\``, target.type.params.slice(skip), args, span, names);
  const all = self === undefined ? checked : [self, ...checked];
  if (all.length !== target.type.params.length) return wrongTree(span, target.type.result);
  return { kind: 'call', target, args: all, type: target.type.result, span };
}

/** `@(args)`: the function one is in. */
export function checkAgain(body: Body, expr: ExprOf<'again'>): Tree {
  if (body.func.name === '') {
    body.error('E0501', expr.span, '`@` stands in no function');
    return checkLost(body, expr.args, expr.span);
  }
  if (body.func.item === undefined) {
    body.error('E0417', expr.span, 'a closure cannot call itself', 'make it a function');
    return checkLost(body, expr.args, expr.span);
  }
  return callFunc(body, body.func, expr.args, expr.span);
}
