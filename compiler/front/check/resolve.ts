import type { Name, TypeNode } from '../ast.ts';
import { didYouMean } from '../diagnostic.ts';
import { layoutOf } from '../layout.ts';
import type { Module } from '../modules.ts';
import type { Span } from '../source.ts';
import { type EnumType, type Field, nothing, primitives, type StructType, type Type, wrong } from '../types.ts';
import { constantLength } from './constant.ts';
import type { Checker, DeclaredOf, TypeNames } from './scope.ts';

const noNames: TypeNames = new Map();
/** An instance of an instance of an instance, from a generic type that grows at each use of itself. */
const nameLimit = 400;

/** The type that a type expression means in a file. Reports what it does not, and gives `wrong`. */
export function resolveType(checker: Checker, module: Module, node: TypeNode, names: TypeNames = noNames): Type {
  const { types } = checker;
  switch (node.kind) {
    case 'pointer':
      return types.pointer(resolveType(checker, module, node.to, names));
    case 'slice':
      return types.slice(valueType(checker, module, node.element, names));
    case 'array': {
      const element = valueType(checker, module, node.element, names);
      const length = constantLength(checker, module, node.length, names);
      return length === undefined || element === wrong ? wrong : arrayOf(checker, element, length, node.span);
    }
    case 'fn': {
      const params = node.params.map((param) => valueType(checker, module, param, names));
      const result = node.result === undefined ? nothing : resolveType(checker, module, node.result, names);
      return types.fn(params, result);
    }
    case 'named':
      return resolveNamed(checker, module, node, names);
    case 'unknown':
      return wrong;
  }
}

/** The array type; that it can be built at all is checked when all types are whole. */
export function arrayOf(checker: Checker, element: Type, length: number, span: Span): Type {
  const type = checker.types.array(element, length);
  if (!checker.sized.has(type)) checker.sized.set(type, span);
  return type;
}

/** C compilers count bytes in 31 bits, some of them. */
const sizeLimit = 2 ** 31 - 1;

/** Reports types that no C compiler could lay out; the first of those that hold each other is enough. */
export function checkSizes(checker: Checker): void {
  for (const [type, span] of checker.sized) {
    if (layoutOf(type).size <= sizeLimit) continue;
    checker.report.error('E0333', span, `\`${type.name}\` is larger than 2 GiB`, { hint: 'use `malloc`' });
    return;
  }
}

function valueType(checker: Checker, module: Module, node: TypeNode, names: TypeNames): Type {
  return resolveType(checker, module, node, names);
}

function resolveNamed(
  checker: Checker,
  module: Module,
  node: Extract<TypeNode, { kind: 'named' }>,
  names: TypeNames,
): Type {
  const { report } = checker;
  const plain = names.get(node.name) ?? primitives.get(node.name);
  if (plain !== undefined) {
    if (plain.kind === 'int' && plain.bits === 128) checker.wide = true;
    if (node.args.length > 0) report.error('E0302', node.span, `\`${node.name}\` takes no type arguments`);
    return plain;
  }
  const found = checker.find(module, node.name);
  if (found?.kind === 'alias') {
    if (found.state === 'busy') {
      report.error('E0303', node.span, `the alias \`${node.name}\` stands for itself`);
      return wrong;
    }
    found.state = 'busy';
    const type = resolveType(checker, found.module, found.type);
    found.state = 'new';
    return type;
  }
  if (found?.kind === 'struct' || found?.kind === 'enum') {
    const args = node.args.map((arg) => resolveType(checker, module, arg, names));
    return instantiateType(checker, found, args, node.span);
  }
  if (found?.kind === 'trait') {
    report.error('E0702', node.span, `\`${node.name}\` is a trait; trait objects are not in the subset`, {
      hint: 'write a generic function, or name the type itself',
    });
    return wrong;
  }
  const words: Record<string, string> = {
    int: 'i64',
    long: 'i64',
    short: 'i16',
    char: 'i8',
    byte: 'u8',
    float: 'f32',
    double: 'f64',
    string: 'str',
    String: 'str',
    void: 'no `->` at all',
    usize: 'u64',
    isize: 'i64',
    boolean: 'bool',
    Bool: 'bool',
    Int: 'i64',
    uint: 'u64',
  };
  const word = words[node.name];
  report.error('E0301', node.span, `there is no type \`${node.name}\``, {
    hint:
      word !== undefined
        ? `in Vais that is ${word.includes(' ') ? word : `\`${word}\``}`
        : didYouMean(node.name, [
            ...checker.names(module, ['struct', 'enum', 'alias']),
            ...primitives.keys(),
            ...names.keys(),
          ]),
  });
  return wrong;
}

/** The struct or enum with these arguments; the same object each time. */
export function instantiateType(
  checker: Checker,
  declared: DeclaredOf<'struct'> | DeclaredOf<'enum'>,
  args: readonly Type[],
  span: Span,
): Type {
  const { item } = declared;
  if (args.length !== item.generics.length) {
    checker.report.error(
      'E0302',
      span,
      `\`${item.name.text}\` takes ${count(item.generics.length, 'type argument')}, found ${args.length}`,
      {
        hint:
          item.generics.length > 0
            ? `write \`${item.name.text}<${item.generics.map((name) => name.text).join(', ')}>\``
            : undefined,
      },
    );
    return wrong;
  }
  if (args.includes(wrong)) return wrong;
  const name = args.length === 0 ? item.name.text : `${item.name.text}<${args.map((arg) => arg.name).join(', ')}>`;
  if (name.length > nameLimit) {
    checker.report.error('E0304', span, `the type \`${name.slice(0, 40)}…\` grows without end`);
    return wrong;
  }
  const known = declared.instances.get(name);
  if (known !== undefined) return known;
  const names = new Map(item.generics.map((generic, index) => [generic.text, args[index] ?? wrong]));
  const fieldsOf = (nodes: readonly { name: Name; type: TypeNode }[]): Field[] =>
    nodes.map((node) => ({
      name: node.name.text,
      type: resolveType(checker, declared.module, node.type, names),
      span: node.name.span,
    }));
  if (declared.kind === 'struct') {
    const made: StructType = { kind: 'struct', name, item: declared.item, module: declared.module, args, fields: [] };
    declared.instances.set(name, made);
    checker.sized.set(made, declared.span);
    made.fields = fieldsOf(declared.item.fields);
    if (holdsItself(made, made.fields)) {
      checker.report.error('E0305', declared.span, `\`${name}\` holds itself, so it has no size`, {
        hint: `hold a pointer: \`*${name}\``,
      });
      made.fields = [];
    }
    return made;
  }
  const made: EnumType = { kind: 'enum', name, item: declared.item, module: declared.module, args, variants: [] };
  declared.instances.set(name, made);
  checker.sized.set(made, declared.span);
  made.variants = declared.item.variants.map((variant, tag) => ({
    name: variant.name.text,
    tag,
    form: variant.form,
    fields: fieldsOf(variant.fields),
    span: variant.name.span,
  }));
  if (made.variants.some((variant) => holdsItself(made, variant.fields))) {
    checker.report.error('E0305', declared.span, `\`${name}\` holds itself, so it has no size`, {
      hint: `hold a pointer: \`*${name}\``,
    });
    made.variants = made.variants.map((variant) => ({ ...variant, fields: [] }));
  }
  return made;
}

function holdsItself(wanted: Type, fields: readonly Field[], seen = new Set<Type>()): boolean {
  return fields.some(({ type }) => {
    let inner = type;
    while (inner.kind === 'array') inner = inner.element;
    if (inner === wanted) return true;
    if (seen.has(inner)) return false;
    seen.add(inner);
    if (inner.kind === 'struct') return holdsItself(wanted, inner.fields, seen);
    return inner.kind === 'enum' && inner.variants.some((variant) => holdsItself(wanted, variant.fields, seen));
  });
}

export function count(amount: number, what: string): string {
  return `${amount === 0 ? 'no' : amount} ${what}${amount === 1 ? '' : 's'}`;
}

/**
 * Finds what type parameters stand for: walks a declared type beside a real one and binds each name of `generics`
 * that it meets first. False when the shapes cannot fit.
 */
export function unify(
  checker: Checker,
  module: Module,
  node: TypeNode,
  type: Type,
  generics: ReadonlySet<string>,
  bound: Map<string, Type>,
): boolean {
  if (type.kind === 'wrong' || type.kind === 'never') return true;
  switch (node.kind) {
    case 'named': {
      if (generics.has(node.name)) {
        const known = bound.get(node.name);
        if (known === undefined) bound.set(node.name, type);
        return known === undefined || known === type;
      }
      if (node.args.length === 0) return true;
      if (type.kind !== 'struct' && type.kind !== 'enum') return false;
      if (type.item.name.text !== node.name) return false;
      return node.args.every((arg, index) => unify(checker, module, arg, type.args[index] ?? wrong, generics, bound));
    }
    case 'pointer':
      return type.kind === 'pointer' && unify(checker, module, node.to, type.to, generics, bound);
    case 'slice':
      return (
        (type.kind === 'slice' || type.kind === 'array') &&
        unify(checker, module, node.element, type.element, generics, bound)
      );
    case 'array':
      return type.kind === 'array' && unify(checker, module, node.element, type.element, generics, bound);
    case 'fn':
      return (
        type.kind === 'fn' &&
        type.params.length === node.params.length &&
        node.params.every((param, index) =>
          unify(checker, module, param, type.params[index] ?? wrong, generics, bound),
        ) &&
        (node.result === undefined || unify(checker, module, node.result, type.result, generics, bound))
      );
    case 'unknown':
      return true;
  }
}
