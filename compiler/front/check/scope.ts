import type {
  ConstItem,
  EnumItem,
  Expr,
  FunctionItem,
  GlobalItem,
  ImplItem,
  StructItem,
  TraitItem,
  TypeNode,
  VariantNode,
} from '../ast.ts';
import { didYouMean, type Reporter } from '../diagnostic.ts';
import type { Module } from '../modules.ts';
import type { Span } from '../source.ts';
import type { ConstantData, Foreign, Func, GlobalVariable, Local, LoopInfo, Tree } from '../tree.ts';
import { type EnumType, type StructType, type Type, TypeTable } from '../types.ts';

/** A function whose body has not been checked. */
export function newFunc(what: Pick<Func, 'name' | 'module' | 'item' | 'type' | 'hot' | 'span'>): Func {
  const body = undefined;
  return { ...what, params: [], body, calls: new Set(), globals: new Set(), foreigns: new Set(), builtins: new Set() };
}

/** What a name at the top level of a file stands for. */
export type Declared = { readonly module: Module; readonly span: Span } & (
  | { readonly kind: 'function'; readonly item: FunctionItem }
  | { readonly kind: 'struct'; readonly item: StructItem; readonly instances: Map<string, StructType> }
  | { readonly kind: 'enum'; readonly item: EnumItem; readonly instances: Map<string, EnumType> }
  | { readonly kind: 'trait'; readonly item: TraitItem }
  | {
      readonly kind: 'const';
      readonly item: ConstItem;
      state: 'new' | 'busy' | 'done';
      value: Tree | undefined;
      data: ConstantData | undefined;
    }
  | { readonly kind: 'global'; readonly item: GlobalItem; variable: GlobalVariable | undefined; busy: boolean }
  | { readonly kind: 'alias'; readonly type: TypeNode; state: 'new' | 'busy'; readonly name: string }
);

export type DeclaredOf<K extends Declared['kind']> = Extract<Declared, { kind: K }>;

export interface Implementation {
  readonly item: ImplItem;
  readonly module: Module;
  /** The head of the type it is for: `Pair`, `i64`. */
  readonly head: string;
}

/** Everything one compilation knows while it checks. */
export class Checker {
  readonly report: Reporter;
  readonly types = new TypeTable();
  readonly modules: readonly Module[];
  readonly declared = new Map<Module, Map<string, Declared>>();
  /** Variants by their own name, for `Some(x)` without `Option.`. */
  readonly variants = new Map<Module, Map<string, { owner: DeclaredOf<'enum'>; node: VariantNode }[]>>();
  readonly implementations: Implementation[] = [];
  readonly functions = new Map<string, Func>();
  readonly foreigns = new Map<string, Foreign>();
  readonly globals: GlobalVariable[] = [];
  readonly constants: ConstantData[] = [];
  /** Arrays, structs and enums with where they are first named: their sizes are looked at when all are whole. */
  readonly sized = new Map<Type, Span>();
  /** Functions whose bodies are still to be checked. */
  readonly pending: (() => void)[] = [];
  /** True once 128-bit integers are named. */
  wide = false;
  closures = 0;
  loops = 0;

  constructor(modules: readonly Module[], report: Reporter) {
    this.modules = modules;
    this.report = report;
  }

  /** What a name means in a file: its own declarations first, then those of its imports. */
  find(module: Module, name: string): Declared | undefined {
    const own = this.declared.get(module)?.get(name);
    if (own !== undefined) return own;
    for (const imported of module.imports) {
      const found = this.declared.get(imported)?.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  findVariants(module: Module, name: string): { owner: DeclaredOf<'enum'>; node: VariantNode }[] {
    const own = this.variants.get(module)?.get(name);
    if (own !== undefined) return own;
    return module.imports.flatMap((imported) => this.variants.get(imported)?.get(name) ?? []);
  }

  /** Names that a file could have meant. */
  *names(module: Module, kinds?: readonly Declared['kind'][]): Iterable<string> {
    for (const from of [module, ...module.imports]) {
      for (const [name, declared] of this.declared.get(from) ?? []) {
        if (kinds === undefined || kinds.includes(declared.kind)) yield name;
      }
    }
  }
}

/** The types that the names of type parameters stand for, and `Self`. */
export type TypeNames = ReadonlyMap<string, Type>;

/** One function while its body is checked. */
export class Body {
  readonly checker: Checker;
  readonly module: Module;
  readonly func: Func;
  readonly typeNames: TypeNames;
  /** The function around a closure; its variables cannot be used, but are known for the message. */
  readonly outer: Body | undefined;
  readonly loops: LoopInfo[] = [];
  readonly loopKinds = new Map<LoopInfo, 'endless' | 'ending'>();
  /** The loops in which a `B` gave a value. */
  readonly valued = new Set<LoopInfo>();
  /** Loops that cannot give a value, but are asked to; reported already. */
  readonly misused = new Set<LoopInfo>();
  /** The globals that this function declares for itself. */
  readonly statics = new Map<string, GlobalVariable>();
  /** Types that were learned ahead of the check in earnest. */
  readonly looked = new Map<Expr, Type>();
  readonly #scopes: Map<string, Local>[] = [new Map()];
  #locals = 0;

  constructor(checker: Checker, module: Module, func: Func, typeNames: TypeNames, outer?: Body) {
    this.checker = checker;
    this.module = module;
    this.func = func;
    this.typeNames = typeNames;
    this.outer = outer;
  }

  get report(): Reporter {
    return this.checker.report;
  }

  declare(name: string, type: Type): Local {
    const local: Local = { name, type, id: ++this.#locals };
    this.#scopes.at(-1)?.set(name, local);
    return local;
  }

  local(name: string): Local | undefined {
    for (let index = this.#scopes.length - 1; index >= 0; index--) {
      const found = this.#scopes[index]?.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  inScope<T>(read: () => T): T {
    this.#scopes.push(new Map());
    try {
      return read();
    } finally {
      this.#scopes.pop();
    }
  }

  *localNames(): Iterable<string> {
    for (const scope of this.#scopes) yield* scope.keys();
  }

  error(code: string, span: Span, message: string, hint?: string): void {
    this.report.error(code, span, message, { hint });
  }

  suggest(name: string, more: Iterable<string> = []): string | undefined {
    return didYouMean(name, [...this.localNames(), ...this.checker.names(this.module), ...more]);
  }
}
