import type { Expr, ExprOf, FunctionItem, Name, TypeNode } from '../ast.ts';
import { type Builtin, builtins, type CLetter } from '../builtins.ts';
import { didYouMean } from '../diagnostic.ts';
import type { Module } from '../modules.ts';
import type { Span } from '../source.ts';
import type { Func, Tree } from '../tree.ts';
import { f64, i64, never, nothing, str, type Type, wrong } from '../types.ts';
import { coerce, describeType, mismatch } from './convert.ts';
import { checkAs, checkExpr, isFlexible, wrongTree } from './expression.ts';
import { fitFormat } from './format.ts';
import { findMethod, foreignOf, instance, methodItem, methodNames } from './function.ts';
import { captured, fieldOf, isPlace, noField, typeOfHead } from './name.ts';
import { count, resolveType, unify } from './resolve.ts';
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

function checkLost(body: Body, args: readonly Expr[], span: Span): Tree {
  for (const arg of args) checkExpr(body, arg);
  return wrongTree(span);
}

function callValue(body: Body, callee: Tree, args: readonly Expr[], span: Span): Tree {
  if (callee.type.kind === 'wrong') return checkLost(body, args, span);
  if (callee.type.kind !== 'fn') {
    body.error('E0415', callee.span, `${describeType(callee.type)} cannot be called`);
    return checkLost(body, args, span);
  }
  const { params, result } = callee.type;
  const checked = checkArgs(body, 'this function', params, args, span);
  return { kind: 'callPointer', callee, args: checked, type: result, span };
}

function checkArgs(
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

function callFunc(body: Body, target: Func, args: readonly Expr[], span: Span, self?: Tree): Tree {
  body.func.calls.add(target);
  const skip = self === undefined ? 0 : 1;
  const names = target.item?.params.slice(skip).map((param) => param.name.text);
  const checked = checkArgs(body, `\`${target.name}\``, target.type.params.slice(skip), args, span, names);
  const all = self === undefined ? checked : [self, ...checked];
  if (all.length !== target.type.params.length) return wrongTree(span, target.type.result);
  return { kind: 'call', target, args: all, type: target.type.result, span };
}

/** Calls an instance whose type parameters are given, or found from the arguments and from what is wanted. */
function callGeneric(
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

function callMethod(body: Body, callee: ExprOf<'field'>, args: readonly Expr[], span: Span, wanted?: Type): Tree {
  const { object, name } = callee;
  if (object.kind === 'name' && body.local(object.name) === undefined && body.statics.get(object.name) === undefined) {
    const found = body.checker.find(body.module, object.name);
    if (found === undefined ? body.typeNames.has(object.name) : ['struct', 'enum', 'alias'].includes(found.kind)) {
      return callMember(body, object, name, args, span, wanted);
    }
  }
  const value = checkExpr(body, object);
  if (value.type.kind === 'wrong') return checkLost(body, args, span);
  let owner: Type = value.type;
  while (owner.kind === 'pointer') owner = owner.to;
  const item = methodItem(body.checker, owner, name.text);
  if (item === undefined) {
    const field = fieldOf(body, value, name, callee.span);
    if (field !== undefined) {
      // `xs.len()` is the same as `xs.len`.
      if (name.text === 'len' && args.length === 0 && field.type === i64 && owner.kind !== 'struct') return field;
      return callValue(body, field, args, span);
    }
    const names = [...methodNames(body.checker, owner)];
    if (names.length > 0 || (owner.kind !== 'struct' && owner.kind !== 'enum')) {
      body.error(
        'E0325',
        name.span,
        `${describeType(owner)} has no method \`${name.text}\``,
        didYouMean(name.text, names),
      );
    } else noField(body, owner, name);
    return checkLost(body, args, span);
  }
  const first = item.params[0];
  if (first === undefined || first.type !== undefined) {
    body.error(
      'E0326',
      name.span,
      `\`${name.text}\` takes no \`self\``,
      `call it by the type: \`${owner.name}.${name.text}(…)\``,
    );
    return checkLost(body, args, span);
  }
  return callOwned(body, owner, item, name, args, receiver(body, value, first.byPointer), span, wanted);
}

/** What is passed as `self`: the address of a value, or the value that a pointer leads to. */
function receiver(body: Body, value: Tree, byPointer: boolean): Tree {
  let self = value;
  while (self.type.kind === 'pointer' && (self.type.to.kind === 'pointer' || !byPointer)) {
    self = { kind: 'deref', pointer: self, type: self.type.to, span: self.span };
  }
  if (!byPointer || self.type.kind === 'pointer') return self;
  return { kind: 'address', place: self, type: body.checker.types.pointer(self.type), span: self.span };
}

function callMember(
  body: Body,
  head: ExprOf<'name'>,
  name: Name,
  args: readonly Expr[],
  span: Span,
  wanted?: Type,
): Tree {
  const variant = checkVariant(body, head, name, { kind: 'tuple', args }, span, wanted);
  if (variant !== undefined) return variant;
  const type = typeOfHead(body, head, wanted);
  const item = type === undefined ? undefined : methodItem(body.checker, type, name.text);
  if (type === undefined || item === undefined) {
    if (type?.kind !== 'wrong') {
      const known = type !== undefined || body.checker.find(body.module, head.name) !== undefined;
      const generic = type === undefined && known;
      if (!known) body.error('E0300', head.span, `there is no \`${head.name}\` here`, body.suggest(head.name));
      else if (generic)
        body.error(
          'E0312',
          head.span,
          `\`${head.name}\` is generic; here it needs its types`,
          `write \`${head.name}<i64>\``,
        );
      else
        body.error(
          'E0313',
          name.span,
          `\`${head.name}\` has no \`${name.text}\``,
          type === undefined ? undefined : didYouMean(name.text, methodNames(body.checker, type)),
        );
    }
    return checkLost(body, args, span);
  }
  return callOwned(body, type, item, name, args, undefined, span, wanted);
}

function callOwned(
  body: Body,
  owner: Type,
  item: FunctionItem,
  name: Name,
  args: readonly Expr[],
  self: Tree | undefined,
  span: Span,
  wanted?: Type,
): Tree {
  const make = findMethod(body.checker, owner, name.text, name.span);
  if (make === undefined) return checkLost(body, args, span);
  if (item.generics.length > 0) {
    const known = new Map<string, Type>([['Self', owner]]);
    if (owner.kind === 'struct' || owner.kind === 'enum') {
      for (const [index, generic] of owner.item.generics.entries()) known.set(generic.text, owner.args[index] ?? wrong);
    }
    return callGeneric(body, item, body.module, [], known, make, args, self, span, wanted);
  }
  const target = make(new Map());
  return target === undefined ? checkLost(body, args, span) : callFunc(body, target, args, span, self);
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

function callForeign(body: Body, found: DeclaredOf<'function'>, args: readonly Expr[], span: Span): Tree {
  const builtin = builtins.get(found.item.name.text);
  // A declaration of the runtime's own functions, as std/hot has them, says nothing new.
  if (builtin !== undefined && builtin.from !== 'libc') return callBuiltin(body, builtin, args, span);
  const target = foreignOf(body.checker, found);
  body.func.foreigns.add(target);
  const { params, result } = target.type;
  const names = found.item.params.map((param) => param.name.text);
  const checked = checkArgs(
    body,
    `\`${target.name}\``,
    params,
    target.variadic ? args.slice(0, params.length) : args,
    span,
    names,
  );
  if (target.variadic) checked.push(...args.slice(params.length).map((arg) => checkExtra(body, arg)));
  if (checked.length < params.length) return wrongTree(span, result);
  const fitted = fitFormat(body, target.known?.format, checked, args);
  return { kind: 'callForeign', target, args: fitted, type: result, span };
}

/** An argument after the `...`. */
function checkExtra(body: Body, arg: Expr): Tree {
  const value = checkExpr(body, arg);
  const { type } = value;
  if (type.kind === 'array') {
    const pointer = body.checker.types.pointer(type.element);
    const address: Tree = { kind: 'address', place: value, type: body.checker.types.pointer(type), span: value.span };
    return { kind: 'cast', value: address, type: pointer, span: value.span };
  }
  const plain = ['int', 'float', 'bool', 'pointer', 'str', 'fn', 'wrong', 'never'].includes(type.kind);
  const tag = type.kind === 'enum' && type.variants.every((variant) => variant.fields.length === 0);
  if ((plain && !(type.kind === 'int' && type.bits === 128)) || tag) return value;
  body.error(
    'E0418',
    value.span,
    `${describeType(type)} cannot be passed to \`...\``,
    type.kind === 'struct' ? 'pass its fields' : undefined,
  );
  return wrongTree(value.span);
}

function callBuiltin(body: Body, target: Builtin, args: readonly Expr[], span: Span): Tree {
  body.func.builtins.add(target);
  const fixed = target.params.length;
  if (args.length < fixed || (!target.variadic && args.length > fixed)) {
    body.error(
      'E0416',
      span,
      `\`${target.name}\` takes ${target.variadic ? 'at least ' : ''}${count(fixed, 'argument')}, found ${args.length}`,
    );
    checkLost(body, args, span);
    return wrongTree(span, resultOf(target));
  }
  const checked = args.map((arg, index) => {
    const letter = target.params[index];
    return letter === undefined ? checkExtra(body, arg) : checkLetter(body, letter, arg, `\`${target.name}\``);
  });
  return {
    kind: 'callBuiltin',
    target,
    args: fitFormat(body, target.format, checked, args),
    type: resultOf(target),
    span,
  };
}

function resultOf(target: Builtin): Type {
  if (target.name === 'exit' || target.name === 'abort') return never;
  if (target.result === 'v') return nothing;
  if (target.result === 'd') return f64;
  return target.result === 's' ? str : i64;
}

/** An argument of a known C function; in these any address may also be an `i64`. */
function checkLetter(body: Body, letter: CLetter, arg: Expr, name: string): Tree {
  const { types } = body.checker;
  switch (letter) {
    case 'd': {
      const value = checkExpr(body, arg, f64);
      if (value.type.kind === 'float' || value.type.kind === 'wrong') return value;
      return coerce(body, value, f64, `${name} takes a float`);
    }
    case 'c': {
      const hope = types.fn([i64], nothing);
      return checkAs(body, arg, hope, `${name} takes \`fn(i64)\``);
    }
    case 'f':
      return checkAs(body, arg, types.fn([], i64), `${name} takes \`fn() -> i64\``);
    case 'p':
    case 's': {
      const value = checkExpr(body, arg, i64);
      const { type } = value;
      if (type.kind === 'array') return { kind: 'address', place: value, type: types.pointer(type), span: value.span };
      const fits =
        ['pointer', 'str', 'fn', 'wrong', 'never'].includes(type.kind) || (type.kind === 'int' && type.bits === 64);
      if (!fits)
        mismatch(body, value.span, type, letter === 's' ? str : types.pointer(i64), `${name} takes an address`);
      return fits ? value : wrongTree(value.span);
    }
    default: {
      const value = checkExpr(body, arg, i64);
      const fits =
        ['int', 'bool', 'wrong', 'never'].includes(value.type.kind) ||
        (letter === 'l' && isPlace(value) && value.type.kind === 'pointer');
      if (fits) return value;
      return coerce(body, value, i64, `${name} takes an integer`);
    }
  }
}
