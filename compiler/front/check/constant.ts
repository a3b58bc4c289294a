import type { Expr } from '../ast.ts';
import type { Module } from '../modules.ts';
import type { Tree } from '../tree.ts';
import { type IntType, i64, limits, nearestFloat, type Type, wrap } from '../types.ts';
import { coerce } from './convert.ts';
import { checkExpr } from './expression.ts';
import { resolveType } from './resolve.ts';
import { Body, type Checker, type DeclaredOf, newFunc, type TypeNames } from './scope.ts';

/** Longer arrays would not fit where variables live, and C compilers refuse them anyway. */
const lengthLimit = 1n << 28n;

/** A body outside every function: for constants and array lengths. */
export function constantBody(checker: Checker, module: Module, names: TypeNames, span: Expr['span']): Body {
  const func = newFunc({ name: '', module, item: undefined, type: checker.types.fn([], i64), hot: false, span });
  return new Body(checker, module, func, names);
}

/** Checks an expression and reduces it to a literal tree; reports and gives undefined when that cannot be. */
export function constantOf(
  checker: Checker,
  module: Module,
  expr: Expr,
  wanted: Type | undefined,
  names: TypeNames = new Map(),
): Tree | undefined {
  const body = constantBody(checker, module, names, expr.span);
  const errors = checker.report.errors;
  const tree = checkExpr(body, expr, wanted);
  if (tree.type.kind === 'wrong' || checker.report.errors > errors) return undefined;
  const value = fold(tree);
  if (value === undefined) {
    checker.report.error('E0306', expr.span, 'this is not known when the program is built', {
      hint: 'a constant is made of literals, operators and other constants',
    });
  }
  return value;
}

/** The number of an array length; undefined after an error. */
export function constantLength(checker: Checker, module: Module, expr: Expr, names: TypeNames): number | undefined {
  const value = constantOf(checker, module, expr, i64, names);
  if (value === undefined) return undefined;
  if (value.kind !== 'int' || value.value <= 0n || value.value > lengthLimit) {
    checker.report.error('E0307', expr.span, 'the length of an array is a whole number from 1 to 268435456');
    return undefined;
  }
  return Number(value.value);
}

/** The value of a declared constant, which is reduced once, on first use. */
export function constantValue(checker: Checker, declared: DeclaredOf<'const'>): Tree | undefined {
  if (declared.state === 'done') return declared.value;
  const { item, module } = declared;
  if (declared.state === 'busy') {
    checker.report.error('E0308', item.name.span, `the constant \`${item.name.text}\` depends on itself`);
    return undefined;
  }
  declared.state = 'busy';
  const wanted = item.type === undefined ? undefined : resolveType(checker, module, item.type);
  const found = wanted?.kind === 'wrong' ? undefined : constantOf(checker, module, item.value, wanted);
  const body = constantBody(checker, module, new Map(), item.value.span);
  const fits =
    found === undefined ||
    wanted === undefined ||
    coerce(body, found, wanted, `\`${item.name.text}\` is declared so`).kind !== 'wrong';
  const value = fits ? found : undefined;
  declared.value = value;
  declared.state = 'done';
  if (value !== undefined && (value.kind === 'struct' || value.kind === 'array' || value.kind === 'repeat')) {
    declared.data = { name: item.name.text, module, value };
    checker.constants.push(declared.data);
  }
  return value;
}

/** The tree as literals only, or undefined. Arithmetic is that of the emitted code: it wraps, shifts mask. */
export function fold(tree: Tree): Tree | undefined {
  switch (tree.kind) {
    case 'int':
    case 'float':
    case 'bool':
    case 'string':
    case 'function':
      return tree;
    case 'data':
      return tree.data.value;
    case 'unary': {
      const operand = fold(tree.operand);
      if (operand?.kind === 'int' && tree.type.kind === 'int') {
        const value = tree.op === '-' ? -operand.value : ~operand.value;
        return { ...operand, value: wrap(value, tree.type), type: tree.type };
      }
      if (operand?.kind === 'float') return { ...operand, value: -operand.value };
      return operand?.kind === 'bool' ? { ...operand, value: !operand.value } : undefined;
    }
    case 'arithmetic':
      return foldArithmetic(tree);
    case 'compare': {
      const left = fold(tree.left);
      const right = fold(tree.right);
      if (left === undefined || right === undefined || !('value' in left) || !('value' in right)) return undefined;
      const value = compare(tree.op, left.value as bigint | number, right.value as bigint | number);
      return { kind: 'bool', value, type: tree.type, span: tree.span };
    }
    case 'logic': {
      const left = fold(tree.left);
      const right = fold(tree.right);
      if (left?.kind !== 'bool' || right?.kind !== 'bool') return undefined;
      return { ...left, value: tree.op === '&&' ? left.value && right.value : left.value || right.value };
    }
    case 'cast':
      return foldCast(tree);
    case 'if': {
      const condition = fold(tree.condition);
      if (condition?.kind !== 'bool' || tree.otherwise === undefined) return undefined;
      return fold(condition.value ? tree.taken : tree.otherwise);
    }
    case 'block':
      return tree.statements.length === 0 && tree.value !== undefined ? fold(tree.value) : undefined;
    case 'struct':
    case 'variant': {
      const fields: { index: number; value: Tree }[] = [];
      for (const field of tree.fields) {
        const value = fold(field.value);
        if (value === undefined) return undefined;
        fields.push({ index: field.index, value });
      }
      return { ...tree, fields };
    }
    case 'array': {
      const items = tree.items.map(fold);
      return items.every((item): item is Tree => item !== undefined) ? { ...tree, items } : undefined;
    }
    case 'repeat': {
      const item = fold(tree.item);
      return item === undefined ? undefined : { ...tree, item };
    }
    case 'field': {
      const object = fold(tree.object);
      return object?.kind === 'struct' ? object.fields.find((field) => field.index === tree.index)?.value : undefined;
    }
    default:
      return undefined;
  }
}

function foldArithmetic(tree: Extract<Tree, { kind: 'arithmetic' }>): Tree | undefined {
  const left = fold(tree.left);
  const right = fold(tree.right);
  if (left?.kind === 'int' && right?.kind === 'int' && tree.type.kind === 'int') {
    const value = integer(tree.op, left.value, right.value, tree.type.bits);
    return value === undefined
      ? undefined
      : { ...left, value: wrap(value, tree.type), type: tree.type, span: tree.span };
  }
  if (left?.kind === 'float' && right?.kind === 'float' && tree.type.kind === 'float') {
    const value = real(tree.op, left.value, right.value);
    if (value === undefined || !Number.isFinite(value)) return undefined;
    return { ...left, value: tree.type.bits === 32 ? Math.fround(value) : value, span: tree.span };
  }
  return undefined;
}

function integer(op: string, a: bigint, b: bigint, bits: number): bigint | undefined {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0n ? undefined : a / b;
    case '%':
      return b === 0n ? undefined : a % b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '<<':
      return a << (b & BigInt(bits - 1));
    case '>>':
      return a >> (b & BigInt(bits - 1));
    default:
      return undefined;
  }
}

function real(op: string, a: number, b: number): number | undefined {
  return op === '+' ? a + b : op === '-' ? a - b : op === '*' ? a * b : op === '/' ? a / b : undefined;
}

function compare(op: string, a: bigint | number, b: bigint | number): boolean {
  switch (op) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    default:
      return a >= b;
  }
}

/** A float as an integer: cut off, and held within what the type can hold; no number becomes 0. */
function saturate(value: number, type: IntType): bigint {
  const { low, high } = limits(type);
  if (Number.isNaN(value)) return 0n;
  if (value >= Number(high)) return high;
  return value <= Number(low) ? low : BigInt(Math.trunc(value));
}

function foldCast(tree: Extract<Tree, { kind: 'cast' }>): Tree | undefined {
  const value = fold(tree.value);
  const { type, span } = tree;
  if (value === undefined) return undefined;
  if (type.kind === 'int') {
    if (value.kind === 'int') return { kind: 'int', value: wrap(value.value, type), type, span };
    if (value.kind === 'bool') return { kind: 'int', value: value.value ? 1n : 0n, type, span };
    return value.kind === 'float' ? { kind: 'int', value: saturate(value.value, type), type, span } : undefined;
  }
  if (type.kind === 'float') {
    const number =
      value.kind === 'int' ? nearestFloat(value.value, type.bits) : value.kind === 'float' ? value.value : undefined;
    if (number === undefined) return undefined;
    return { kind: 'float', value: type.bits === 32 ? Math.fround(number) : number, type, span };
  }
  if (type.kind === 'bool' && value.kind === 'int') return { kind: 'bool', value: value.value !== 0n, type, span };
  if (type.kind === 'pointer' && value.kind === 'int') return { kind: 'cast', value, type, span };
  return (type.kind === 'str' || type.kind === 'pointer') && value.kind === 'string' ? { ...value, type } : undefined;
}
