import type { FunctionItem, ImplItem, Item } from './ast.ts';
import { constantValue } from './check/constant.ts';
import { foreignOf, instance } from './check/function.ts';
import { globalOf } from './check/global.ts';
import { checkSizes, instantiateType, resolveType } from './check/resolve.ts';
import { Checker, type Declared, type DeclaredOf } from './check/scope.ts';
import { didYouMean, type Reporter } from './diagnostic.ts';
import type { Module } from './modules.ts';
import type { Span } from './source.ts';
import type { Func, Program } from './tree.ts';

/** Gives each name its meaning and each expression its type. What it returns is whole only when nothing was reported. */
export function check(modules: readonly [Module, ...Module[]], report: Reporter): Program {
  const checker = new Checker(modules, report);
  for (const module of modules) declare(checker, module);
  for (const module of modules) checkDeclarations(checker, module);
  // Bodies are checked in turn, as checking one asks for instances of others.
  for (const next of checker.pending) next();
  if (report.errors === 0) checkSizes(checker);
  const [root] = modules;
  const functions = reached(checker);
  const main = functions.find((func) => func.name === 'main' && func.module === root);
  if (main !== undefined) checkMain(checker, main);
  return { root, modules, functions, globals: checker.globals, main, wide: checker.wide };
}

function declare(checker: Checker, module: Module): void {
  const names = new Map<string, Declared>();
  const variants: ReturnType<typeof checker.findVariants> = [];
  checker.declared.set(module, names);
  const add = (name: { text: string; span: Span }, declared: Declared): void => {
    const known = names.get(name.text);
    if (known === undefined) names.set(name.text, declared);
    else if (
      !(known.kind === 'function' && declared.kind === 'function' && known.item.foreign && declared.item.foreign)
    ) {
      checker.report.error('E0317', name.span, `\`${name.text}\` is declared twice`, {
        notes: [{ message: 'the first is here', span: known.span }],
      });
    }
  };
  for (const item of module.file.items) {
    if (item.kind === 'import') continue;
    if (item.kind === 'impl') {
      const head = item.target.kind === 'named' ? item.target.name : '';
      checker.implementations.push({ item, module, head: aliased(module, head) });
      continue;
    }
    const declared = declaredOf(item, module);
    add(item.name, declared);
    if (declared.kind === 'enum') for (const node of declared.item.variants) variants.push({ owner: declared, node });
  }
  checker.variants.set(module, group(variants));
}

/** `X Alias { … }` is for the type that the alias names. */
function aliased(module: Module, head: string): string {
  const alias = module.file.items.find((item) => item.kind === 'alias' && item.name.text === head);
  return alias?.kind === 'alias' && alias.type.kind === 'named' ? alias.type.name : head;
}

function group<T extends { node: { name: { text: string } } }>(list: T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of list) groups.set(one.node.name.text, [...(groups.get(one.node.name.text) ?? []), one]);
  return groups;
}

function declaredOf(item: Exclude<Item, { kind: 'import' | 'impl' }>, module: Module): Declared {
  const { span } = item.name;
  switch (item.kind) {
    case 'function':
      return { kind: 'function', item, module, span };
    case 'struct':
      return { kind: 'struct', item, module, span, instances: new Map() };
    case 'enum':
      return { kind: 'enum', item, module, span, instances: new Map() };
    case 'trait':
      return { kind: 'trait', item, module, span };
    case 'const':
      return { kind: 'const', item, module, span, state: 'new', value: undefined, data: undefined };
    case 'global':
      return { kind: 'global', item, module, span, variable: undefined, busy: false };
    case 'alias':
      return { kind: 'alias', type: item.type, name: item.name.text, module, span, state: 'new' };
  }
}

/** Checks what is declared even where nothing uses it, but for bodies of generic functions, which have no types yet. */
function checkDeclarations(checker: Checker, module: Module): void {
  for (const item of module.file.items) {
    if (item.kind === 'impl') {
      checkImpl(checker, item, module);
      continue;
    }
    if (item.kind === 'import') continue;
    const declared = checker.declared.get(module)?.get(item.name.text);
    if (declared === undefined || declared.span !== item.name.span) continue;
    checkDeclared(checker, module, declared);
  }
}

function checkDeclared(checker: Checker, module: Module, declared: Declared): void {
  switch (declared.kind) {
    case 'function':
      checkFunction(checker, declared);
      return;
    case 'struct':
    case 'enum': {
      const nodes = declared.kind === 'struct' ? declared.item.fields : declared.item.variants;
      unique(checker, nodes, declared.kind === 'struct' ? 'field' : 'variant');
      if (declared.item.generics.length === 0) instantiateType(checker, declared, [], declared.span);
      if (declared.kind === 'enum' && declared.item.variants.length === 0) {
        checker.report.error('E0327', declared.span, 'an enum has at least one variant');
      }
      return;
    }
    case 'alias':
      resolveType(checker, module, declared.type);
      return;
    case 'const':
      constantValue(checker, declared);
      return;
    case 'global':
      globalOf(checker, declared);
      return;
    case 'trait':
      unique(checker, declared.item.methods, 'method');
  }
}

function unique(checker: Checker, nodes: readonly { name: { text: string; span: Span } }[], what: string): void {
  const seen = new Map<string, Span>();
  for (const { name } of nodes) {
    const first = seen.get(name.text);
    if (first !== undefined) {
      checker.report.error('E0317', name.span, `the ${what} \`${name.text}\` is declared twice`, {
        notes: [{ message: 'the first is here', span: first }],
      });
    } else seen.set(name.text, name.span);
  }
}

function checkFunction(checker: Checker, declared: DeclaredOf<'function'>): void {
  const { item, module } = declared;
  if (item.hot && (item.foreign || item.generics.length > 0)) {
    checker.report.error('E0602', item.name.span, `a ${item.foreign ? 'foreign' : 'generic'} function cannot be hot`, {
      hint: item.foreign
        ? 'call it from a hot function'
        : 'make a hot function for each type you need, and call it from there',
    });
    return;
  }
  if (item.foreign) {
    foreignOf(checker, declared);
    return;
  }
  if (item.body === undefined) {
    checker.report.error('E0212', item.name.span, `\`${item.name.text}\` has no body`, {
      hint: 'if it lives in C, write `@[extern "C"]` before it',
    });
    return;
  }
  if (item.variadic) {
    checker.report.error('E0213', item.name.span, 'only a foreign function can take `...`');
    return;
  }
  if (item.generics.length === 0) instance(checker, item, module, new Map(), undefined, item.name.span);
}

function checkImpl(checker: Checker, item: ImplItem, module: Module): void {
  const { target } = item;
  unique(checker, item.methods, 'method');
  for (const method of item.methods) {
    if (method.body === undefined)
      checker.report.error('E0212', method.name.span, `\`${method.name.text}\` has no body`);
  }
  if (target.kind !== 'named') {
    checker.report.error('E0328', target.span, 'methods belong to a named type');
    return;
  }
  const found = checker.find(module, target.name);
  const generic = (found?.kind === 'struct' || found?.kind === 'enum') && found.item.generics.length > 0;
  if (generic) {
    for (const method of item.methods) {
      if (method.hot) checker.report.error('E0602', method.name.span, 'a method of a generic type cannot be hot');
    }
  } else {
    const type = resolveType(checker, module, target);
    if (type.kind === 'wrong') return;
    for (const method of item.methods) {
      if (method.generics.length === 0 && method.body !== undefined) {
        instance(checker, method, module, new Map([['Self', type]]), type, method.name.span);
      }
    }
  }
  if (item.trait !== undefined) checkTrait(checker, item, module, item.trait);
}

function checkTrait(checker: Checker, item: ImplItem, module: Module, name: { text: string; span: Span }): void {
  const trait = checker.find(module, name.text);
  if (trait?.kind !== 'trait') {
    checker.report.error('E0329', name.span, `there is no trait \`${name.text}\``, {
      hint: didYouMean(name.text, checker.names(module, ['trait'])),
    });
    return;
  }
  for (const asked of trait.item.methods) {
    const given = item.methods.find((method) => method.name.text === asked.name.text);
    if (given === undefined && asked.body === undefined) {
      checker.report.error('E0330', name.span, `\`${asked.name.text}\` of \`${name.text}\` is not implemented`, {
        hint: `add \`${asked.text}\``,
      });
    }
    if (given !== undefined) compareMethod(checker, item, module, trait, asked, given);
  }
  for (const method of item.methods) {
    if (trait.item.methods.some((asked) => asked.name.text === method.name.text)) continue;
    checker.report.error('E0331', method.name.span, `the trait \`${name.text}\` has no \`${method.name.text}\``, {
      hint: didYouMean(
        method.name.text,
        trait.item.methods.map((asked) => asked.name.text),
      ),
    });
  }
}

function compareMethod(
  checker: Checker,
  item: ImplItem,
  module: Module,
  trait: DeclaredOf<'trait'>,
  asked: FunctionItem,
  given: FunctionItem,
): void {
  if (given.generics.length > 0 || asked.generics.length > 0 || item.target.kind !== 'named') return;
  const found = checker.find(module, item.target.name);
  if ((found?.kind === 'struct' || found?.kind === 'enum') && found.item.generics.length > 0) return;
  const self = resolveType(checker, module, item.target);
  const names = new Map([['Self', self]]);
  const form = (method: FunctionItem, from: Module): string => {
    const params = method.params.map((param) =>
      param.type === undefined
        ? param.byPointer
          ? '&self'
          : 'self'
        : resolveType(checker, from, param.type, names).name,
    );
    const result = method.result === undefined ? '' : ` -> ${resolveType(checker, from, method.result, names).name}`;
    return `F ${method.name.text}(${params.join(', ')})${result}`;
  };
  const wanted = form(asked, trait.module);
  const written = form(given, module);
  if (wanted === written || wanted.includes('?') || written.includes('?')) return;
  checker.report.error('E0332', given.name.span, `\`${given.name.text}\` is not as \`${trait.item.name.text}\` asks`, {
    notes: [{ message: `asked: \`${wanted}\``, span: asked.name.span }, { message: `given: \`${written}\`` }],
  });
}

/** Functions of the program, in the order of their places, with the closures in them. */
function reached(checker: Checker): Func[] {
  const found = new Set<Func>();
  const visit = (func: Func): void => {
    if (found.has(func)) return;
    found.add(func);
    for (const called of func.calls) if (called.item === undefined) visit(called);
  };
  for (const func of checker.functions.values()) visit(func);
  const order = new Map(checker.modules.map((module, index) => [module, index]));
  return [...found].sort(
    (a, b) =>
      (order.get(a.module) ?? 0) - (order.get(b.module) ?? 0) ||
      a.span.start - b.span.start ||
      (a.name < b.name ? -1 : 1),
  );
}

function checkMain(checker: Checker, main: Func): void {
  const { params, result } = main.type;
  const argv = params.length === 2 && params[0]?.name === 'i64' && ['**i8', '*str'].includes(params[1]?.name ?? '');
  if (params.length > 0 && !argv) {
    checker.report.error('E0603', main.span, '`main` takes nothing, or `(argc: i64, argv: **i8)`');
  }
  if (result.kind !== 'void' && result.kind !== 'int')
    checker.report.error('E0603', main.span, '`main` gives nothing, or an integer');
  if (main.hot)
    checker.report.error('E0604', main.span, '`main` cannot be hot: it is always running', {
      hint: 'mark the functions that it calls',
    });
}
