import type { Expr, ExprOf, Name } from '../ast.ts';
import { builtins } from '../builtins.ts';
import { didYouMean } from '../diagnostic.ts';
import type { Span } from '../source.ts';
import type { Func, Tree } from '../tree.ts';
import { type Type, wrong } from '../types.ts';
import { constantValue } from './constant.ts';
import { checkExpr, wrongTree } from './expression.ts';
import { fieldOf, noField } from './field.ts';
import { closureInstance, findMethod, foreignOf, instance } from './function.ts';
import { globalOf } from './global.ts';
import { instantiateType, resolveType } from './resolve.ts';
import type { Body, DeclaredOf } from './scope.ts';
import { checkVariant } from './variant.ts';

/** A name where a value is wanted. */
export function checkName(body: Body, expr: ExprOf<'name'>, wanted?: Type): Tree {
  const { name, span } = expr;
  const local = body.local(name);
  if (local !== undefined) return { kind: 'local', local, type: local.type, span };
  const own = body.statics.get(name);
  if (own !== undefined) {
    body.func.globals.add(own);
    return { kind: 'global', global: own, type: own.type, span };
  }
  const found = body.checker.find(body.module, name);
  switch (found?.kind) {
    case 'const': {
      const value = constantValue(body.checker, found);
      if (value === undefined) return wrongTree(span);
      return found.data === undefined ? { ...value, span } : { kind: 'data', data: found.data, type: value.type, span };
    }
    case 'global': {
      const global = globalOf(body.checker, found);
      body.func.globals.add(global);
      return { kind: 'global', global, type: global.type, span };
    }
    case 'function':
      return functionValue(body, found, expr);
    case 'struct':
    case 'enum':
    case 'trait':
    case 'alias':
      body.error(
        'E0310',
        span,
        `\`${name}\` is a type, not a value`,
        found.kind === 'struct' ? `make one: \`${name} { … }\`` : undefined,
      );
      return wrongTree(span);
  }
  const variant = checkVariant(body, undefined, { text: name, span }, { kind: 'plain' }, span, wanted);
  if (variant !== undefined) return variant;
  if (captured(body, name)) {
    body.error(
      'E0706',
      span,
      `the closure uses \`${name}\` from around it; closures that capture are not in the subset`,
      `give it a parameter \`${name}\``,
    );
    return wrongTree(span);
  }
  if (builtins.has(name)) {
    body.error('E0311', span, `\`${name}\` is known only to be called`, `wrap it: \`|x: i64| ${name}(x)\``);
    return wrongTree(span);
  }
  body.error('E0300', span, `there is no \`${name}\` here`, body.suggest(name, builtins.keys()));
  return wrongTree(span);
}

export function captured(body: Body, name: string): boolean {
  for (let outer = body.outer; outer !== undefined; outer = outer.outer) {
    if (outer.local(name) !== undefined) return true;
  }
  return false;
}

function functionValue(body: Body, found: DeclaredOf<'function'>, expr: ExprOf<'name'>): Tree {
  const { span } = expr;
  const { item } = found;
  if (item.foreign) {
    const target = foreignOf(body.checker, found);
    body.func.foreigns.add(target);
    return { kind: 'foreign', target, type: target.type, span };
  }
  if (item.generics.length !== expr.args.length) {
    body.error(
      'E0312',
      span,
      `\`${item.name.text}\` is generic; as a value it needs its types`,
      `write \`${item.name.text}<i64>\``,
    );
    return wrongTree(span);
  }
  const args = expr.args.map((arg) => resolveType(body.checker, body.module, arg, body.typeNames));
  const env = new Map(item.generics.map((generic, index) => [generic.text, args[index] ?? wrong]));
  return functionTree(body, instance(body.checker, item, found.module, env, undefined, span), span);
}

export function functionTree(body: Body, target: Func | undefined, span: Span): Tree {
  if (target === undefined) return wrongTree(span);
  body.func.calls.add(target);
  return { kind: 'function', target, type: target.type, span };
}

/** The type that `Name` or `Name<A>` stands for in `Name.variant` or `Name::function`, when it is a type. */
export function typeOfHead(body: Body, expr: Expr, wanted?: Type): Type | undefined {
  if (expr.kind !== 'name' || body.local(expr.name) !== undefined) return undefined;
  const known = body.typeNames.get(expr.name);
  if (known !== undefined) return known;
  const found = body.checker.find(body.module, expr.name);
  if (found?.kind === 'alias')
    return resolveType(body.checker, body.module, { kind: 'named', name: expr.name, args: [], span: expr.span });
  if (found?.kind !== 'struct' && found?.kind !== 'enum') return undefined;
  // `Option.Some(3)`: the type arguments are found from what follows or what is wanted.
  if (expr.args.length === 0 && found.item.generics.length > 0) {
    if ((wanted?.kind === 'struct' || wanted?.kind === 'enum') && wanted.item === found.item) return wanted;
    return undefined;
  }
  const args = expr.args.map((arg) => resolveType(body.checker, body.module, arg, body.typeNames));
  return instantiateType(body.checker, found, args, expr.span);
}

/** `Shape::Circle`, `Vec::zero` as a value. */
export function checkPath(body: Body, expr: ExprOf<'path'>, wanted?: Type): Tree {
  return checkMember(
    body,
    { kind: 'name', name: expr.head.text, args: expr.args, span: expr.head.span },
    expr.member,
    expr.span,
    wanted,
  );
}

function checkMember(body: Body, head: ExprOf<'name'>, member: Name, span: Span, wanted?: Type): Tree {
  const variant = checkVariant(body, head, member, { kind: 'plain' }, span, wanted);
  if (variant !== undefined) return variant;
  const type = typeOfHead(body, head, wanted);
  if (type !== undefined && type.kind !== 'wrong') {
    const method = findMethod(body.checker, type, member.text, member.span);
    if (method !== undefined) return functionTree(body, method(new Map()), span);
    const names = type.kind === 'enum' ? type.variants.map((one) => one.name) : [];
    body.error('E0313', member.span, `\`${type.name}\` has no \`${member.text}\``, didYouMean(member.text, names));
    return wrongTree(span);
  }
  if (type === undefined) {
    const known = body.checker.find(body.module, head.name);
    if (known === undefined)
      body.error('E0300', head.span, `there is no \`${head.name}\` here`, body.suggest(head.name));
    else body.error('E0313', member.span, `\`${head.name}\` has no \`${member.text}\``);
  }
  return wrongTree(span);
}

export function checkField(body: Body, expr: ExprOf<'field'>, wanted?: Type): Tree {
  const { span, name } = expr;
  const { object } = expr;
  if (object.kind === 'name' && body.local(object.name) === undefined) {
    const found = body.checker.find(body.module, object.name);
    const isType = found?.kind === 'struct' || found?.kind === 'enum' || found?.kind === 'alias';
    if (isType || body.typeNames.has(object.name)) return checkMember(body, object, name, span, wanted);
  }
  const value = checkExpr(body, object);
  if (value.type.kind === 'wrong') return wrongTree(span);
  const found = fieldOf(body, value, name, span);
  if (found !== undefined) return found;
  noField(body, value.type, name);
  return wrongTree(span);
}

export function checkClosure(body: Body, expr: ExprOf<'closure'>, wanted?: Type): Tree {
  return functionTree(body, closureInstance(body, expr, wanted), expr.span);
}

/** True for what has an address that an assignment can reach. */
export function isPlace(tree: Tree): boolean {
  switch (tree.kind) {
    case 'local':
    case 'global':
    case 'deref':
      return true;
    case 'field':
      return isPlace(tree.object);
    case 'index':
      return tree.object.type.kind !== 'array' || isPlace(tree.object);
    default:
      return false;
  }
}
