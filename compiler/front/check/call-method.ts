import type { Expr, ExprOf, FunctionItem, Name } from '../ast.ts';
import { didYouMean } from '../diagnostic.ts';
import type { Span } from '../source.ts';
import type { Tree } from '../tree.ts';
import { i64, type Type, wrong } from '../types.ts';
import { callFunc, callValue, checkLost } from './call.ts';
import { callGeneric } from './call-generic.ts';
import { describeType } from './convert.ts';
import { checkExpr } from './expression.ts';
import { fieldOf, noField } from './field.ts';
import { findMethod, methodItem, methodNames } from './function.ts';
import { typeOfHead } from './name.ts';
import type { Body } from './scope.ts';
import { checkVariant } from './variant.ts';

export function callMethod(
  body: Body,
  callee: ExprOf<'field'>,
  args: readonly Expr[],
  span: Span,
  wanted?: Type,
): Tree {
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

export function callMember(
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
