import type { Expr, ExprOf, FieldInit, Name } from '../ast.ts';
import { builtins } from '../builtins.ts';
import { didYouMean } from '../diagnostic.ts';
import type { Span } from '../source.ts';
import type { Func, Tree } from '../tree.ts';
import { i8, i64, type StructType, type Type, wrong } from '../types.ts';
import { constantValue } from './constant.ts';
import { describeType } from './convert.ts';
import { checkAs, checkExpr, wrongTree } from './expression.ts';
import { closureInstance, findMethod, foreignOf, instance } from './function.ts';
import { globalOf } from './global.ts';
import { instantiateType, resolveType, unify } from './resolve.ts';
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

/** The field, through any number of pointers; undefined when there is none of this name. */
export function fieldOf(body: Body, value: Tree, name: Name, span: Span): Tree | undefined {
  let object = value;
  while (object.type.kind === 'pointer')
    object = { kind: 'deref', pointer: object, type: object.type.to, span: object.span };
  const { type } = object;
  if (type.kind === 'struct') {
    const index = type.fields.findIndex((field) => field.name === name.text);
    const field = type.fields[index];
    return field === undefined ? undefined : { kind: 'field', object, index, type: field.type, span };
  }
  if (type.kind === 'slice' && name.text === 'len') return { kind: 'member', object, name: 'length', type: i64, span };
  if (type.kind === 'slice' && name.text === 'ptr') {
    return { kind: 'member', object, name: 'at', type: body.checker.types.pointer(type.element), span };
  }
  if (type.kind === 'array' && name.text === 'len') return { kind: 'int', value: BigInt(type.length), type: i64, span };
  if (type.kind === 'range' && name.text === 'start')
    return { kind: 'member', object, name: 'from', type: type.element, span };
  if (type.kind === 'range' && name.text === 'end')
    return { kind: 'member', object, name: 'to', type: type.element, span };
  return undefined;
}

export function noField(body: Body, found: Type, name: Name): void {
  let type = found;
  while (type.kind === 'pointer') type = type.to;
  if (type.kind === 'wrong') return;
  const names =
    type.kind === 'struct'
      ? type.fields.map((field) => field.name)
      : ['slice', 'array'].includes(type.kind)
        ? ['len']
        : [];
  const list =
    names.length > 0 && names.length <= 8 ? `it has ${names.map((one) => `\`${one}\``).join(', ')}` : undefined;
  const hint = didYouMean(name.text, names) ?? list;
  body.error('E0314', name.span, `${describeType(type)} has no field \`${name.text}\``, hint);
}

export function checkIndex(body: Body, expr: ExprOf<'index'>): Tree {
  const { span } = expr;
  const object = checkExpr(body, expr.object);
  const index = checkExpr(body, expr.index);
  if (object.type.kind === 'wrong' || index.type.kind === 'wrong') return wrongTree(span);
  let target = object;
  // `p[i]` of a pointer to an array is the array's element, as `p.field` is the struct's field.
  while (target.type.kind === 'pointer' && (target.type.to.kind === 'array' || target.type.to.kind === 'slice')) {
    target = { kind: 'deref', pointer: target, type: target.type.to, span: target.span };
  }
  const { type } = target;
  const element =
    type.kind === 'array' || type.kind === 'slice'
      ? type.element
      : type.kind === 'pointer'
        ? type.to
        : type.kind === 'str'
          ? i8
          : undefined;
  if (element === undefined) {
    body.error('E0412', span, `${describeType(type)} has no elements`);
    return wrongTree(span);
  }
  if (index.type.kind === 'range') {
    if (type.kind === 'str') {
      body.error('E0412', span, '`str` has no slices', 'slice an array of `i8`');
      return wrongTree(span);
    }
    return { kind: 'slice', object: target, range: index, type: body.checker.types.slice(element), span };
  }
  if (index.type.kind !== 'int') {
    body.error('E0413', index.span, `an index is an integer, not ${describeType(index.type)}`);
    return wrongTree(span);
  }
  if (type.kind === 'array' && index.kind === 'int' && (index.value < 0n || index.value >= BigInt(type.length))) {
    body.error(
      'E0414',
      index.span,
      `\`${type.name}\` has no element ${index.value}`,
      `the last one is ${type.length - 1}`,
    );
  }
  return { kind: 'index', object: target, index, type: element, span };
}

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
