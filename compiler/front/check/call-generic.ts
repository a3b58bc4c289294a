import type { Expr, FunctionItem, TypeNode } from '../ast.ts';
import type { Module } from '../modules.ts';
import type { Span } from '../source.ts';
import type { Func, Tree } from '../tree.ts';
import { type Type, wrong } from '../types.ts';
import { checkLost } from './call.ts';
import { coerce } from './convert.ts';
import { checkExpr, isFlexible, wrongTree } from './expression.ts';
import { instance } from './function.ts';
import { count, resolveType, unify } from './resolve.ts';
import type { Body } from './scope.ts';

/** Calls an instance whose type parameters are given, or found from the arguments and from what is wanted. */
export function callGeneric(
  body: Body,
  item: FunctionItem,
  module: Module,
  given: readonly TypeNode[],
  known: Map<string, Type>,
  make: ((names: ReadonlyMap<string, Type>) => Func | undefined) | undefined,
  args: readonly Expr[],
  self: Tree | undefined,
  span: Span,
  wanted: Type | undefined,
): Tree {
  const generics = new Set(item.generics.map((generic) => generic.text));
  const bound = new Map<string, Type>();
  if (given.length > 0 && given.length !== item.generics.length) {
    body.error(
      'E0302',
      span,
      `\`${item.name.text}\` takes ${count(item.generics.length, 'type argument')}, found ${given.length}`,
    );
    return checkLost(body, args, span);
  }
  for (const [index, node] of given.entries()) {
    const name = item.generics[index];
    if (name !== undefined) bound.set(name.text, resolveType(body.checker, body.module, node, body.typeNames));
  }
  const params = item.params.slice(self === undefined ? 0 : 1);
  if (args.length !== params.length) {
    body.error('E0416', span, `\`${item.name.text}\` takes ${count(params.length, 'argument')}, found ${args.length}`);
    return checkLost(body, args, span);
  }
  // Literals and closures come last: they take their types from what the others have fixed.
  const values: (Tree | undefined)[] = args.map(() => undefined);
  const names = (): Map<string, Type> => new Map([...known, ...bound]);
  const complete = (node: TypeNode): boolean => !mentions(node, generics, bound);
  for (const late of [false, true]) {
    if (late && wanted !== undefined && wanted.kind !== 'void' && item.result !== undefined) {
      unify(body.checker, module, item.result, wanted, generics, bound);
    }
    for (const [index, arg] of args.entries()) {
      const node = params[index]?.type;
      const soft = isFlexible(arg) || arg.kind === 'closure';
      if (node === undefined || values[index] !== undefined || soft !== late) continue;
      const hope = complete(node) ? resolveType(body.checker, module, node, names()) : undefined;
      const value = checkExpr(body, arg, hope);
      values[index] = value;
      unify(body.checker, module, node, value.type, generics, bound);
    }
  }
  const missing = item.generics.find((generic) => !bound.has(generic.text));
  if (missing !== undefined) {
    if (values.every((value) => value?.type.kind !== 'wrong')) {
      body.error(
        'E0312',
        span,
        `what \`${missing.text}\` of \`${item.name.text}\` is cannot be found out`,
        `write \`${item.name.text}<…>(…)\``,
      );
    }
    return wrongTree(span);
  }
  const target = make === undefined ? instance(body.checker, item, module, names(), undefined, span) : make(bound);
  if (target === undefined) return wrongTree(span);
  body.func.calls.add(target);
  const skip = self === undefined ? 0 : 1;
  const checked = values.map((value, index) =>
    coerce(body, value ?? wrongTree(span), target.type.params[index + skip] ?? wrong),
  );
  return {
    kind: 'call',
    target,
    args: self === undefined ? checked : [self, ...checked],
    type: target.type.result,
    span,
  };
}

function mentions(node: TypeNode, generics: ReadonlySet<string>, bound: ReadonlyMap<string, Type>): boolean {
  switch (node.kind) {
    case 'named':
      return (
        (generics.has(node.name) && !bound.has(node.name)) || node.args.some((arg) => mentions(arg, generics, bound))
      );
    case 'pointer':
      return mentions(node.to, generics, bound);
    case 'array':
    case 'slice':
      return mentions(node.element, generics, bound);
    case 'fn':
      return [...node.params, ...(node.result ? [node.result] : [])].some((part) => mentions(part, generics, bound));
    case 'unknown':
      return false;
  }
}
