import type { Expr } from '../ast.ts';
import { type Builtin, builtins, type CLetter } from '../builtins.ts';
import type { Span } from '../source.ts';
import type { Tree } from '../tree.ts';
import { f64, i64, never, nothing, str, type Type } from '../types.ts';
import { checkArgs, checkLost } from './call.ts';
import { coerce, describeType, mismatch } from './convert.ts';
import { checkAs, checkExpr, wrongTree } from './expression.ts';
import { fitFormat } from './format.ts';
import { foreignOf } from './function.ts';
import { isPlace } from './name.ts';
import { count } from './resolve.ts';
import type { Body, DeclaredOf } from './scope.ts';

export function callForeign(body: Body, found: DeclaredOf<'function'>, args: readonly Expr[], span: Span): Tree {
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

export function callBuiltin(body: Body, target: Builtin, args: readonly Expr[], span: Span): Tree {
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
