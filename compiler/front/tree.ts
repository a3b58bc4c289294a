/**
 * The typed tree: what the checker makes of the syntax tree and all later stages read. Each name is resolved, each
 * generic function is an instance, each conversion is written out, and patterns are tests and bindings.
 */
import type { FunctionItem } from './ast.ts';
import type { Builtin } from './builtins.ts';
import type { Module } from './modules.ts';
import type { Span } from './source.ts';
import type { FnType, Type } from './types.ts';

/** A variable or parameter of a function. */
export interface Local {
  readonly name: string;
  readonly type: Type;
  /** Counts within its function, so that two of one name differ. */
  readonly id: number;
}

export interface GlobalVariable {
  readonly name: string;
  readonly type: Type;
  readonly module: Module;
  readonly span: Span;
  /** A constant; undefined for zero bytes. */
  initial: Tree | undefined;
}

/** A constant too large to be written at each use: an array or struct. */
export interface ConstantData {
  readonly name: string;
  readonly module: Module;
  readonly value: Tree;
}

/** A function, or one instance of a generic one, or a closure. */
export interface Func {
  /** `update_game`, `Particle.step`, `max<i64>`. */
  readonly name: string;
  readonly module: Module;
  readonly item: FunctionItem | undefined;
  readonly type: FnType;
  readonly hot: boolean;
  readonly span: Span;
  params: readonly Local[];
  /** Set once the body is checked; its value is the function's result. */
  body: Tree | undefined;
  /** What the body calls or takes the address of. */
  readonly calls: Set<Func>;
  readonly globals: Set<GlobalVariable>;
  readonly foreigns: Set<Foreign>;
  readonly builtins: Set<Builtin>;
}

/** A function that is declared but lives in C. */
export interface Foreign {
  readonly name: string;
  readonly type: FnType;
  readonly variadic: boolean;
  readonly span: Span;
  /** The known C prototype of this name, when it is one of libc's. */
  readonly known: Builtin | undefined;
}

export interface LoopInfo {
  readonly id: number;
  /** What `B e` gives; undefined when no `B` gives a value. */
  result: Type | undefined;
  broken: boolean;
  continued: boolean;
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>';
export type CompareOperator = '==' | '!=' | '<' | '>' | '<=' | '>=';

export interface Step {
  readonly type: Type;
  readonly span: Span;
}

export type Tree = Step &
  (
    | { readonly kind: 'int'; readonly value: bigint }
    | { readonly kind: 'float'; readonly value: number }
    | { readonly kind: 'bool'; readonly value: boolean }
    | { readonly kind: 'string'; readonly bytes: string }
    | { readonly kind: 'local'; readonly local: Local }
    | { readonly kind: 'global'; readonly global: GlobalVariable }
    | { readonly kind: 'data'; readonly data: ConstantData }
    | { readonly kind: 'function'; readonly target: Func }
    | { readonly kind: 'foreign'; readonly target: Foreign }
    | { readonly kind: 'field'; readonly object: Tree; readonly index: number }
    | { readonly kind: 'payload'; readonly object: Tree; readonly variant: number; readonly index: number }
    | { readonly kind: 'tag'; readonly object: Tree }
    | { readonly kind: 'member'; readonly object: Tree; readonly name: 'at' | 'length' | 'from' | 'to' | 'inclusive' }
    | { readonly kind: 'index'; readonly object: Tree; readonly index: Tree }
    | { readonly kind: 'deref'; readonly pointer: Tree }
    | { readonly kind: 'address'; readonly place: Tree }
    | { readonly kind: 'unary'; readonly op: '-' | '~' | '!'; readonly operand: Tree }
    | { readonly kind: 'arithmetic'; readonly op: ArithmeticOperator; readonly left: Tree; readonly right: Tree }
    | { readonly kind: 'compare'; readonly op: CompareOperator; readonly left: Tree; readonly right: Tree }
    | { readonly kind: 'logic'; readonly op: '&&' | '||'; readonly left: Tree; readonly right: Tree }
    | { readonly kind: 'cast'; readonly value: Tree }
    | { readonly kind: 'call'; readonly target: Func; readonly args: readonly Tree[] }
    | { readonly kind: 'callForeign'; readonly target: Foreign; readonly args: readonly Tree[] }
    | { readonly kind: 'callBuiltin'; readonly target: Builtin; readonly args: readonly Tree[] }
    | { readonly kind: 'callPointer'; readonly callee: Tree; readonly args: readonly Tree[] }
    | { readonly kind: 'struct'; readonly fields: readonly { index: number; value: Tree }[] }
    | { readonly kind: 'variant'; readonly variant: number; readonly fields: readonly { index: number; value: Tree }[] }
    | { readonly kind: 'array'; readonly items: readonly Tree[] }
    | { readonly kind: 'repeat'; readonly item: Tree; readonly count: number }
    | { readonly kind: 'range'; readonly from: Tree; readonly to: Tree; readonly inclusive: boolean }
    | { readonly kind: 'slice'; readonly object: Tree; readonly range: Tree | undefined }
    | { readonly kind: 'block'; readonly statements: readonly TreeStatement[]; readonly value: Tree | undefined }
    | { readonly kind: 'if'; readonly condition: Tree; readonly taken: Tree; readonly otherwise: Tree | undefined }
    | { readonly kind: 'match'; readonly subject: Local; readonly value: Tree; readonly arms: readonly TreeArm[] }
    | { readonly kind: 'loop'; readonly loop: LoopInfo; readonly head: TreeLoopHead; readonly body: Tree }
    | { readonly kind: 'break'; readonly loop: LoopInfo; readonly value: Tree | undefined }
    | { readonly kind: 'continue'; readonly loop: LoopInfo }
    | { readonly kind: 'return'; readonly value: Tree | undefined }
    | { readonly kind: 'wrong' }
  );

export type TreeOf<K extends Tree['kind']> = Extract<Tree, { kind: K }>;

export interface TreeArm {
  /** Undefined when the pattern fits everything. */
  readonly test: Tree | undefined;
  readonly bindings: readonly { local: Local; value: Tree }[];
  readonly guard: Tree | undefined;
  readonly body: Tree;
}

export type TreeLoopHead =
  | { readonly kind: 'forever' }
  | { readonly kind: 'while'; readonly condition: Tree }
  | {
      readonly kind: 'range';
      readonly local: Local;
      readonly from: Tree;
      readonly to: Tree;
      readonly inclusive: boolean;
    }
  /** Over a range that is a value: its inclusiveness is known only when it runs. */
  | { readonly kind: 'ranged'; readonly local: Local; readonly range: Tree }
  /** Over a slice; an array comes as a slice of itself. */
  | { readonly kind: 'each'; readonly local: Local; readonly slice: Tree };

export type TreeStatement = { readonly span: Span } & (
  | { readonly kind: 'let'; readonly local: Local; readonly value: Tree }
  | { readonly kind: 'assign'; readonly op: ArithmeticOperator | undefined; readonly place: Tree; readonly value: Tree }
  | { readonly kind: 'expression'; readonly value: Tree }
);

/** What the later stages get: everything that is reached, in the order of the source. */
export interface Program {
  readonly root: Module;
  readonly modules: readonly Module[];
  readonly functions: readonly Func[];
  readonly globals: readonly GlobalVariable[];
  readonly main: Func | undefined;
  /** True when 128-bit integers occur, which not every C compiler has. */
  readonly wide: boolean;
}
