import type { Expr, ExprOf, FieldInit } from '../ast.ts';
import { didYouMean } from '../diagnostic.ts';
import type { Span } from '../source.ts';
import type { Tree } from '../tree.ts';
import { type StructType, type Type, wrong } from '../types.ts';
import { describeType } from './convert.ts';
import { checkAs, checkExpr, wrongTree } from './expression.ts';
import { instantiateType, resolveType, unify } from './resolve.ts';
import type { Body, DeclaredOf } from './scope.ts';
import { checkVariant } from './variant.ts';

/** `Name { field: value }`, also of an enum's variant. */
export function checkStruct(body: Body, expr: ExprOf<'struct'>, wanted?: Type): Tree {
  const { span, head } = expr;
  const { checker } = body;
  if (expr.variant !== undefined) {
    const headExpr: ExprOf<'name'> = { kind: 'name', name: head.text, args: expr.args, span: head.span };
    const made = checkVariant(body, headExpr, expr.variant, { kind: 'fields', fields: expr.fields }, span, wanted);
    if (made !== undefined) return made;
    body.error('E0313', expr.variant.span, `\`${head.text}\` has no variant \`${expr.variant.text}\``);
    return checkLost(body, expr.fields, span);
  }
  const self = body.typeNames.get(head.text);
  const found = checker.find(body.module, head.text);
  let type: Type | undefined = self;
  if (self === undefined && found?.kind === 'alias')
    type = resolveType(checker, body.module, { kind: 'named', name: head.text, args: [], span: head.span });
  if (self === undefined && found?.kind === 'struct') {
    if (expr.args.length > 0 || found.item.generics.length === 0) {
      type = instantiateType(
        checker,
        found,
        expr.args.map((arg) => resolveType(checker, body.module, arg, body.typeNames)),
        head.span,
      );
    } else if (wanted?.kind === 'struct' && wanted.item === found.item) type = wanted;
    else type = inferStruct(body, found, expr);
  }
  if (type?.kind === 'struct')
    return { kind: 'struct', fields: checkFields(body, type.name, type.fields, expr.fields, span), type, span };
  if (type?.kind === 'wrong') return checkLost(body, expr.fields, span);
  const made = checkVariant(body, undefined, head, { kind: 'fields', fields: expr.fields }, span, wanted);
  if (made !== undefined) return made;
  const hint = didYouMean(head.text, checker.names(body.module, ['struct', 'alias']));
  body.error('E0301', head.span, `there is no struct \`${head.text}\``, hint);
  return checkLost(body, expr.fields, span);
}

function checkLost(body: Body, fields: readonly FieldInit[], span: Span): Tree {
  for (const field of fields) checkExpr(body, field.value);
  return wrongTree(span);
}

/** The instance of a generic struct that its fields' values ask for. */
function inferStruct(body: Body, found: DeclaredOf<'struct'>, expr: ExprOf<'struct'>): Type {
  const generics = new Set(found.item.generics.map((generic) => generic.text));
  const bound = new Map<string, Type>();
  for (const init of expr.fields) {
    const node = found.item.fields.find((field) => field.name.text === init.name.text);
    // Only a look at its type: the value is checked in earnest once the struct is known.
    if (node !== undefined) unify(body.checker, found.module, node.type, lookAhead(body, init.value), generics, bound);
  }
  const missing = found.item.generics.find((generic) => !bound.has(generic.text));
  if (missing !== undefined) {
    body.error(
      'E0312',
      expr.head.span,
      `what \`${missing.text}\` of \`${found.item.name.text}\` is cannot be found out`,
      `write \`${found.item.name.text}<…> { … }\``,
    );
    return wrong;
  }
  return instantiateType(
    body.checker,
    found,
    found.item.generics.map((generic) => bound.get(generic.text) ?? wrong),
    expr.head.span,
  );
}

/** The type of an expression ahead of its place; remembered, so that nesting does not multiply the work. */
function lookAhead(body: Body, expr: Expr): Type {
  const known = body.looked.get(expr);
  if (known !== undefined) return known;
  const { type } = checkExpr(body, expr);
  body.looked.set(expr, type);
  return type;
}

export function checkFields(
  body: Body,
  owner: string,
  fields: StructType['fields'],
  inits: readonly FieldInit[],
  span: Span,
): { index: number; value: Tree }[] {
  const seen = new Set<string>();
  const values: { index: number; value: Tree }[] = [];
  for (const init of inits) {
    const index = fields.findIndex((field) => field.name === init.name.text);
    const field = fields[index];
    if (field === undefined) {
      body.error(
        'E0314',
        init.name.span,
        `\`${owner}\` has no field \`${init.name.text}\``,
        didYouMean(
          init.name.text,
          fields.map((one) => one.name),
        ),
      );
      checkExpr(body, init.value);
      continue;
    }
    if (seen.has(field.name)) body.error('E0315', init.name.span, `the field \`${field.name}\` is given twice`);
    seen.add(field.name);
    values.push({
      index,
      value: checkAs(body, init.value, field.type, `\`${owner}.${field.name}\` is ${describeType(field.type)}`),
    });
  }
  const missing = fields.filter((field) => !seen.has(field.name)).map((field) => `\`${field.name}\``);
  if (missing.length > 0) {
    const end: Span = { ...span, end: Math.min(span.end, span.start + owner.length) };
    body.error('E0316', end, `\`${owner}\` lacks ${missing.join(', ')}`, 'each field is given a value');
  }
  return values;
}
