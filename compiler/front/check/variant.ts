import type { Expr, ExprOf, FieldInit, Name } from '../ast.ts';
import type { Span } from '../source.ts';
import type { Tree } from '../tree.ts';
import { type EnumType, type Type, type Variant, wrong } from '../types.ts';
import { coerce } from './convert.ts';
import { checkExpr, wrongTree } from './expression.ts';
import { count, instantiateType, resolveType, unify } from './resolve.ts';
import type { Body, DeclaredOf } from './scope.ts';
import { checkFields } from './struct.ts';

type Given =
  | { kind: 'plain' }
  | { kind: 'tuple'; args: readonly Expr[] }
  | { kind: 'fields'; fields: readonly FieldInit[] };

/**
 * A variant as a value: `None`, `Some(3)`, `Shape.Circle(r)`, `Move { x: 1, y: 2 }`. Undefined when the name is no
 * variant, so that the caller can look further.
 */
export function checkVariant(
  body: Body,
  head: ExprOf<'name'> | undefined,
  name: Name,
  given: Given,
  span: Span,
  wanted: Type | undefined,
): Tree | undefined {
  const owner = ownerOf(body, head, name, wanted);
  if (owner === undefined) return undefined;
  if (owner === 'wrong') return wrongTree(span);
  const node = owner.item.variants.find((variant) => variant.name.text === name.text);
  if (node === undefined) return undefined;
  if (node.form !== given.kind) {
    const form = { plain: node.name.text, tuple: `${node.name.text}(…)`, fields: `${node.name.text} { … }` }[node.form];
    body.error('E0322', span, `\`${owner.item.name.text}.${node.name.text}\` is written \`${form}\``);
    return wrongTree(span);
  }
  // The values of a generic payload are checked once, before the type is known, and fitted to it afterwards.
  const args = given.kind === 'tuple' ? given.args : [];
  if (given.kind === 'tuple' && args.length !== node.fields.length) {
    body.error('E0323', span, `\`${name.text}\` holds ${count(node.fields.length, 'value')}, found ${args.length}`);
    return wrongTree(span);
  }
  let type: Type | undefined;
  let values: Tree[] | undefined;
  if (owner.item.generics.length === 0) type = instantiateType(body.checker, owner, [], span);
  else if (wanted?.kind === 'enum' && wanted.item === owner.item) type = wanted;
  else if (head !== undefined && head.args.length > 0) {
    type = instantiateType(
      body.checker,
      owner,
      head.args.map((arg) => resolveType(body.checker, body.module, arg, body.typeNames)),
      span,
    );
  } else {
    const generics = new Set(owner.item.generics.map((generic) => generic.text));
    const bound = new Map<string, Type>();
    const exprs =
      given.kind === 'fields'
        ? node.fields.map((field) => given.fields.find((init) => init.name.text === field.name.text)?.value)
        : args;
    values = exprs.map((expr) => (expr === undefined ? wrongTree(span) : checkExpr(body, expr)));
    for (const [index, field] of node.fields.entries()) {
      unify(body.checker, owner.module, field.type, values[index]?.type ?? wrong, generics, bound);
    }
    const missing = owner.item.generics.find((generic) => !bound.has(generic.text));
    if (missing !== undefined) {
      body.error(
        'E0312',
        span,
        `what \`${missing.text}\` of \`${owner.item.name.text}\` is cannot be found out`,
        `say it where the value goes: \`x: ${owner.item.name.text}<i64> = ${name.text}\``,
      );
      return wrongTree(span);
    }
    type = instantiateType(
      body.checker,
      owner,
      owner.item.generics.map((generic) => bound.get(generic.text) ?? wrong),
      span,
    );
  }
  if (type.kind !== 'enum') return wrongTree(span);
  const variant = variantOf(type, name.text);
  if (variant === undefined) return undefined;
  if (given.kind === 'fields') {
    return {
      kind: 'variant',
      variant: variant.tag,
      fields: checkFields(body, name.text, variant.fields, given.fields, span),
      type,
      span,
    };
  }
  const fields = variant.fields.map((field, index) => {
    const arg = args[index];
    const value = values?.[index] ?? (arg === undefined ? wrongTree(span) : checkExpr(body, arg, field.type));
    return { index, value: coerce(body, value, field.type) };
  });
  return { kind: 'variant', variant: variant.tag, fields, type, span };
}

export function variantOf(type: EnumType, name: string): Variant | undefined {
  return type.variants.find((variant) => variant.name === name);
}

/** The enum that a variant belongs to: the one named, the one wanted, or the only one with a variant of this name. */
function ownerOf(
  body: Body,
  head: ExprOf<'name'> | undefined,
  name: Name,
  wanted: Type | undefined,
): DeclaredOf<'enum'> | 'wrong' | undefined {
  if (head !== undefined) {
    const self = body.typeNames.get(head.name);
    if (self !== undefined) return self.kind === 'enum' ? enumOf(body, self) : undefined;
    const found = body.checker.find(body.module, head.name);
    if (found?.kind === 'enum') return found;
    if (found?.kind !== 'alias') return undefined;
    const type = resolveType(body.checker, body.module, { kind: 'named', name: head.name, args: [], span: head.span });
    return type.kind === 'enum' ? enumOf(body, type) : undefined;
  }
  if (wanted?.kind === 'enum' && variantOf(wanted, name.text) !== undefined) return enumOf(body, wanted);
  const found = body.checker.findVariants(body.module, name.text);
  if (found.length > 1) {
    const names = found.map(({ owner }) => `\`${owner.item.name.text}.${name.text}\``);
    body.error('E0324', name.span, `\`${name.text}\` can be ${names.join(' or ')}`, `write ${names[0]}`);
    return 'wrong';
  }
  return found[0]?.owner;
}

/** The declaration that an enum type came from; it may be of a file that this one does not import. */
function enumOf(body: Body, type: EnumType): DeclaredOf<'enum'> | undefined {
  const found = body.checker.declared.get(type.module)?.get(type.item.name.text);
  return found?.kind === 'enum' ? found : undefined;
}
