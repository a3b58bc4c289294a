/** The tree that the parser builds: what was written, before anything is known about names or types. */
import type { Source, Span } from './source.ts';

export interface Name {
  readonly text: string;
  readonly span: Span;
}

export type TypeNode = { readonly span: Span } & (
  | { readonly kind: 'named'; readonly name: string; readonly args: readonly TypeNode[] }
  | { readonly kind: 'pointer'; readonly to: TypeNode }
  | { readonly kind: 'array'; readonly element: TypeNode; readonly length: Expr }
  | { readonly kind: 'slice'; readonly element: TypeNode }
  | { readonly kind: 'fn'; readonly params: readonly TypeNode[]; readonly result: TypeNode | undefined }
  | { readonly kind: 'unknown' }
);

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '&'
  | '|'
  | '^'
  | '<<'
  | '>>'
  | '=='
  | '!='
  | '<'
  | '>'
  | '<='
  | '>='
  | '&&'
  | '||';

export interface FieldInit {
  readonly name: Name;
  readonly value: Expr;
}

export interface Param {
  readonly name: Name;
  /** Undefined for `self`, whose type is that of the implementation. */
  readonly type: TypeNode | undefined;
  readonly byPointer: boolean;
}

export type Expr = { readonly span: Span } & (
  | { readonly kind: 'int'; readonly value: bigint }
  /** `single` is what it is as an `f32`. */
  | { readonly kind: 'float'; readonly value: number; readonly single: number }
  | { readonly kind: 'string'; readonly bytes: string }
  | { readonly kind: 'char'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'name'; readonly name: string; readonly args: readonly TypeNode[] }
  | { readonly kind: 'path'; readonly head: Name; readonly args: readonly TypeNode[]; readonly member: Name }
  | { readonly kind: 'field'; readonly object: Expr; readonly name: Name }
  | { readonly kind: 'index'; readonly object: Expr; readonly index: Expr }
  | { readonly kind: 'call'; readonly callee: Expr; readonly args: readonly Expr[] }
  | { readonly kind: 'again'; readonly args: readonly Expr[] }
  | { readonly kind: 'unary'; readonly op: '-' | '!' | '~' | '*' | '&'; readonly operand: Expr }
  | {
      readonly kind: 'binary';
      readonly op: BinaryOperator;
      readonly opSpan: Span;
      readonly left: Expr;
      readonly right: Expr;
    }
  | { readonly kind: 'cast'; readonly value: Expr; readonly type: TypeNode }
  | { readonly kind: 'range'; readonly from: Expr; readonly to: Expr; readonly inclusive: boolean }
  | {
      readonly kind: 'struct';
      readonly head: Name;
      readonly args: readonly TypeNode[];
      readonly variant: Name | undefined;
      readonly fields: readonly FieldInit[];
    }
  | { readonly kind: 'array'; readonly items: readonly Expr[] }
  | { readonly kind: 'repeat'; readonly item: Expr; readonly length: Expr }
  | { readonly kind: 'block'; readonly block: Block }
  | { readonly kind: 'if'; readonly condition: Expr; readonly taken: Expr; readonly otherwise: Expr | undefined }
  | { readonly kind: 'loop'; readonly head: LoopHead; readonly body: Block }
  | { readonly kind: 'match'; readonly subject: Expr; readonly arms: readonly Arm[] }
  | {
      readonly kind: 'closure';
      readonly params: readonly Param[];
      readonly result: TypeNode | undefined;
      readonly body: Expr;
    }
  | { readonly kind: 'break'; readonly value: Expr | undefined }
  | { readonly kind: 'continue' }
  | { readonly kind: 'return'; readonly value: Expr | undefined }
  | { readonly kind: 'wrong' }
);

export type ExprOf<K extends Expr['kind']> = Extract<Expr, { kind: K }>;

export type LoopHead =
  | { readonly kind: 'forever' }
  | { readonly kind: 'while'; readonly condition: Expr }
  | { readonly kind: 'each'; readonly name: Name; readonly over: Expr };

export interface Arm {
  readonly pattern: Pattern;
  readonly guard: Expr | undefined;
  readonly body: Expr;
  readonly span: Span;
}

export type Pattern = { readonly span: Span } & (
  | { readonly kind: 'any' }
  | { readonly kind: 'name'; readonly name: Name }
  | { readonly kind: 'literal'; readonly value: Expr }
  | { readonly kind: 'range'; readonly from: Expr; readonly to: Expr; readonly inclusive: boolean }
  | { readonly kind: 'either'; readonly options: readonly Pattern[] }
  | {
      readonly kind: 'variant';
      readonly head: Name | undefined;
      readonly name: Name;
      readonly items: readonly Pattern[];
    }
  | {
      readonly kind: 'fields';
      readonly head: Name | undefined;
      readonly name: Name;
      readonly fields: readonly { name: Name; pattern: Pattern }[];
      readonly rest: boolean;
    }
);

export type Statement = { readonly span: Span } & (
  | { readonly kind: 'let'; readonly name: Name; readonly type: TypeNode | undefined; readonly value: Expr }
  | { readonly kind: 'assign'; readonly op: BinaryOperator | undefined; readonly place: Expr; readonly value: Expr }
  | { readonly kind: 'expression'; readonly value: Expr }
  | { readonly kind: 'global'; readonly item: GlobalItem }
);

export interface Block {
  readonly statements: readonly Statement[];
  readonly span: Span;
}

export interface FunctionItem {
  readonly kind: 'function';
  readonly name: Name;
  readonly generics: readonly Name[];
  readonly params: readonly Param[];
  readonly variadic: boolean;
  readonly result: TypeNode | undefined;
  /** Undefined for a foreign function and for one that a trait only asks for. */
  readonly body: Expr | undefined;
  readonly hot: boolean;
  readonly foreign: boolean;
  /** The declaration up to its body, in one line, for contracts. */
  readonly text: string;
  readonly span: Span;
}

export interface FieldNode {
  readonly name: Name;
  readonly type: TypeNode;
}

export interface StructItem {
  readonly kind: 'struct';
  readonly name: Name;
  readonly generics: readonly Name[];
  readonly fields: readonly FieldNode[];
}

export interface VariantNode {
  readonly name: Name;
  readonly form: 'plain' | 'tuple' | 'fields';
  readonly fields: readonly FieldNode[];
}

export interface EnumItem {
  readonly kind: 'enum';
  readonly name: Name;
  readonly generics: readonly Name[];
  readonly variants: readonly VariantNode[];
}

export interface ImplItem {
  readonly kind: 'impl';
  readonly target: TypeNode;
  readonly generics: readonly Name[];
  readonly trait: Name | undefined;
  readonly methods: readonly FunctionItem[];
  readonly span: Span;
}

export interface TraitItem {
  readonly kind: 'trait';
  readonly name: Name;
  readonly methods: readonly FunctionItem[];
}

export interface ConstItem {
  readonly kind: 'const';
  readonly name: Name;
  readonly type: TypeNode | undefined;
  readonly value: Expr;
}

export interface GlobalItem {
  readonly kind: 'global';
  readonly name: Name;
  readonly type: TypeNode;
  readonly value: Expr | undefined;
}

export interface AliasItem {
  readonly kind: 'alias';
  readonly name: Name;
  readonly type: TypeNode;
}

export interface ImportItem {
  readonly kind: 'import';
  /** As written: `std/hot`. */
  readonly path: string;
  readonly span: Span;
}

export type Item =
  | FunctionItem
  | StructItem
  | EnumItem
  | ImplItem
  | TraitItem
  | ConstItem
  | GlobalItem
  | AliasItem
  | ImportItem;

/** One parsed file. */
export interface File {
  readonly source: Source;
  readonly items: readonly Item[];
}
