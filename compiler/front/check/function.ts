import type { ExprOf, FunctionItem, TypeNode } from '../ast.ts';
import { builtins } from '../builtins.ts';
import type { Module } from '../modules.ts';
import type { Span } from '../source.ts';
import type { Foreign, Func } from '../tree.ts';
import { type FnType, nothing, type Type, wrong } from '../types.ts';
import { coerce, describeType } from './convert.ts';
import { checkExpr } from './expression.ts';
import { resultNote } from './flow.ts';
import { resolveType, unify } from './resolve.ts';
import { Body, type Checker, type DeclaredOf, type Implementation, newFunc, type TypeNames } from './scope.ts';

/** An instance of an instance of an instance: a generic function that calls itself with ever larger types. */
const nameLimit = 400;

/** The function with these types for its parameters; the same object each time. Its body is checked later. */
export function instance(
  checker: Checker,
  item: FunctionItem,
  module: Module,
  names: TypeNames,
  owner: Type | undefined,
  span: Span,
): Func | undefined {
  const args = item.generics.map((generic) => names.get(generic.text) ?? wrong);
  if (args.includes(wrong)) return undefined;
  const base = owner === undefined ? item.name.text : `${owner.name}.${item.name.text}`;
  const name = args.length === 0 ? base : `${base}<${args.map((arg) => arg.name).join(', ')}>`;
  if (name.length > nameLimit) {
    checker.report.error('E0304', span, `the types of \`${base.slice(0, 40)}\` grow without end`);
    return undefined;
  }
  const key = `${module.name}:${item.name.span.start}:${name}`;
  const known = checker.functions.get(key);
  if (known !== undefined) return known;
  const params = item.params.map((param) => paramType(checker, module, param, names, owner));
  const result = item.result === undefined ? nothing : resolveType(checker, module, item.result, names);
  const type = checker.types.fn(params, result);
  const func: Func = newFunc({ name, module, item, type, hot: item.hot, span: item.name.span });
  checker.functions.set(key, func);
  checker.pending.push(() => checkBody(new Body(checker, module, func, names), item));
  return func;
}

function paramType(
  checker: Checker,
  module: Module,
  param: FunctionItem['params'][number],
  names: TypeNames,
  owner: Type | undefined,
): Type {
  if (param.type !== undefined) return resolveType(checker, module, param.type, names);
  if (owner === undefined) {
    checker.report.error('E0318', param.name.span, '`self` stands only in a method', {
      hint: 'put the function in `X Name { … }`',
    });
    return wrong;
  }
  return param.byPointer ? checker.types.pointer(owner) : owner;
}

function checkBody(body: Body, item: FunctionItem): void {
  const { func } = body;
  const seen = new Set<string>();
  func.params = item.params.map((param, index) => {
    if (seen.has(param.name.text))
      body.error('E0317', param.name.span, `two parameters are called \`${param.name.text}\``);
    seen.add(param.name.text);
    return body.declare(param.name.text, func.type.params[index] ?? wrong);
  });
  if (item.body === undefined) return;
  const { result } = func.type;
  const tree = checkExpr(body, item.body, result);
  if (result.kind === 'void') {
    func.body = tree;
    return;
  }
  // As in C, `main` may end without a value.
  const falls = tree.type.kind === 'void';
  if (falls && func.name === 'main') {
    func.body = tree;
    return;
  }
  // A body that is still to be written, as one sketches a program: it gives zero, and says so.
  const sketch = item.body.kind === 'block' && item.body.block.statements.every((one) => one.kind === 'global');
  if (falls && sketch && ['int', 'float', 'bool', 'pointer', 'str'].includes(result.kind)) {
    body.report.warning('W0404', item.name.span, `the body of \`${func.name}\` is empty, so it gives 0`);
    func.body = tree;
    return;
  }
  if (falls) {
    const name = item.name.span;
    body.report.error('E0409', name, `\`${func.name}\` gives ${describeType(result)}, but it can end without a value`, {
      hint: 'the last expression of the body is the value; or write `R value`',
    });
    return;
  }
  func.body = coerce(body, tree, result, resultNote(body));
}

export function foreignOf(checker: Checker, declared: DeclaredOf<'function'>): Foreign {
  const { item, module } = declared;
  const name = item.name.text;
  const known = checker.foreigns.get(name);
  const params = item.params.map((param) => paramType(checker, module, param, new Map(), undefined));
  const result = item.result === undefined ? nothing : resolveType(checker, module, item.result);
  const type: FnType = checker.types.fn(params, result);
  if (known !== undefined) {
    if (known.type !== type) {
      checker.report.error('E0319', item.name.span, `\`${name}\` is declared twice, with different types`, {
        notes: [{ message: `the other is \`${known.type.name}\``, span: known.span }],
      });
    }
    return known;
  }
  const builtin = builtins.get(name);
  const libc = builtin?.from === 'libc' ? builtin : undefined;
  const foreign: Foreign = { name, type, variadic: item.variadic, span: item.name.span, known: libc };
  checker.foreigns.set(name, foreign);
  for (const [index, param] of params.entries()) {
    if (param.kind === 'wrong' || param.kind === 'int' || param.kind === 'float' || param.kind === 'bool') continue;
    if (['pointer', 'str', 'fn', 'struct', 'enum'].includes(param.kind)) continue;
    const at = item.params[index]?.name.span ?? item.name.span;
    checker.report.error('E0320', at, `C knows no ${describeType(param)} as a parameter`, { hint: 'pass a pointer' });
  }
  if (libc !== undefined) checkKnown(checker, foreign, libc);
  return foreign;
}

/** A declaration of one of libc's functions must agree with C in the number and the class of its parameters. */
function checkKnown(checker: Checker, foreign: Foreign, libc: NonNullable<Foreign['known']>): void {
  const form = (letter: string): string => (letter === 'd' ? 'float' : letter === 'v' ? 'void' : 'whole');
  const of = (type: Type): string => (type.kind === 'float' ? 'float' : type.kind === 'void' ? 'void' : 'whole');
  const { params, result } = foreign.type;
  const same =
    params.length === libc.params.length &&
    params.every((param, index) => of(param) === form(libc.params[index] ?? 'v')) &&
    (of(result) === form(libc.result) || result.kind === 'void');
  if (same && foreign.variadic === libc.variadic) return;
  checker.report.error('E0321', foreign.span, `C's \`${foreign.name}\` has another form`, {
    hint: 'leave the declaration out: it is known without one',
  });
}

export function closureInstance(outer: Body, expr: ExprOf<'closure'>, wanted?: Type): Func {
  const { checker, module } = outer;
  const params = expr.params.map((param) =>
    param.type === undefined ? wrong : resolveType(checker, module, param.type, outer.typeNames),
  );
  const hope = wanted?.kind === 'fn' && wanted.params.length === params.length ? wanted.result : undefined;
  const declared = expr.result === undefined ? hope : resolveType(checker, module, expr.result, outer.typeNames);
  const name = `${outer.func.name}.closure${++checker.closures}`;
  const type = checker.types.fn(params, declared ?? nothing);
  const func: { -readonly [K in keyof Func]: Func[K] } = newFunc({
    name,
    module,
    item: undefined,
    type,
    hot: false,
    span: expr.span,
  });
  const body = new Body(checker, module, func, outer.typeNames, outer);
  func.params = expr.params.map((param, index) => body.declare(param.name.text, params[index] ?? wrong));
  const tree = checkExpr(body, expr.body, declared);
  func.body = declared === undefined || declared.kind === 'void' ? tree : coerce(body, tree, declared);
  if (declared === undefined && tree.type.kind !== 'never') func.type = checker.types.fn(params, tree.type);
  return func;
}

/** Methods of a type by name: its own first, then those of traits it implements, then what these traits bring. */
export function findMethod(
  checker: Checker,
  type: Type,
  name: string,
  span: Span,
): ((names: TypeNames) => Func | undefined) | undefined {
  const own = implementationsFor(checker, type).sort(
    (a, b) => Number(a.of.item.trait !== undefined) - Number(b.of.item.trait !== undefined),
  );
  for (const { of, names } of own) {
    const item = of.item.methods.find((method) => method.name.text === name);
    if (item !== undefined)
      return (more) => instance(checker, item, of.module, new Map([...names, ...more]), type, span);
  }
  for (const { of, names } of own) {
    if (of.item.trait === undefined) continue;
    const trait = checker.find(of.module, of.item.trait.text);
    if (trait?.kind !== 'trait') continue;
    const item = trait.item.methods.find((method) => method.name.text === name && method.body !== undefined);
    if (item !== undefined)
      return (more) => instance(checker, item, trait.module, new Map([...names, ...more]), type, span);
  }
  return undefined;
}

/** The declared form of what `findMethod` finds: to see whether it takes `self` and is generic itself. */
export function methodItem(checker: Checker, type: Type, name: string): FunctionItem | undefined {
  const own = implementationsFor(checker, type);
  for (const withTrait of [false, true]) {
    for (const { of } of own) {
      if ((of.item.trait !== undefined) !== withTrait) continue;
      const item = of.item.methods.find((method) => method.name.text === name);
      if (item !== undefined) return item;
    }
  }
  for (const { of } of own) {
    const trait = of.item.trait === undefined ? undefined : checker.find(of.module, of.item.trait.text);
    const item = trait?.kind === 'trait' ? trait.item.methods.find((method) => method.name.text === name) : undefined;
    if (item?.body !== undefined) return item;
  }
  return undefined;
}

export function* methodNames(checker: Checker, type: Type): Iterable<string> {
  for (const { of } of implementationsFor(checker, type)) for (const method of of.item.methods) yield method.name.text;
}

function implementationsFor(checker: Checker, type: Type): { of: Implementation; names: Map<string, Type> }[] {
  const head = type.kind === 'struct' || type.kind === 'enum' ? type.item.name.text : type.name;
  const found: { of: Implementation; names: Map<string, Type> }[] = [];
  for (const of of checker.implementations) {
    if (of.head !== head) continue;
    const names = implementationNames(checker, of, type);
    if (names !== undefined) found.push({ of, names });
  }
  return found;
}

/** What the type parameters of an implementation are for this type; undefined when it is for another. */
function implementationNames(checker: Checker, of: Implementation, type: Type): Map<string, Type> | undefined {
  const names = new Map<string, Type>([['Self', type]]);
  const target: TypeNode = of.item.target;
  if (type.kind !== 'struct' && type.kind !== 'enum') return names;
  const declared = checker.find(of.module, type.item.name.text);
  if ((declared?.kind !== 'struct' && declared?.kind !== 'enum') || declared.item !== type.item) return undefined;
  const own = type.item.generics.map((generic) => generic.text);
  if (target.kind === 'named' && target.args.length === 0) {
    // `X Pair { … }` of `S Pair<A, B>`: the names are those of the declaration.
    for (const [index, name] of own.entries()) names.set(name, type.args[index] ?? wrong);
    return names;
  }
  const generics = new Set(of.item.generics.map((generic) => generic.text));
  // `X Pair<A, B> { … }` without `X<A, B>`: arguments that are no types of their own are parameters.
  if (target.kind === 'named' && generics.size === 0) {
    for (const arg of target.args) {
      if (arg.kind === 'named' && arg.args.length === 0 && own.includes(arg.name)) generics.add(arg.name);
    }
  }
  if (!unify(checker, of.module, target, type, generics, names)) return undefined;
  if (target.kind !== 'named') return names;
  const exact = target.args.every((arg, index) => resolveType(checker, of.module, arg, names) === type.args[index]);
  return exact ? names : undefined;
}
