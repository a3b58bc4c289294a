import type { CompareOperator, Tree, TreeOf } from '../../../front/tree.ts';
import type { Type } from '../../../front/types.ts';
import { type BodyEmitter, isReal } from './body.ts';
import { divide, toInteger } from './helper.ts';
import { value, values } from './value.ts';

export function unary(b: BodyEmitter, tree: TreeOf<'unary'>): string {
  const operand = value(b, tree.operand);
  if (tree.op === '!') return `(!${operand})`;
  return narrow(tree.type, `(${tree.op}${operand})`);
}

/** C computes in `int`; the result of a smaller type is cut back to it. */
function narrow(type: Type, text: string): string {
  return type.kind === 'int' && type.bits < 32 ? `((${type.name})${text})` : text;
}

export function arithmetic(
  b: BodyEmitter,
  op: string,
  type: Type,
  [left = '', right = '']: string[],
  rightTree: Tree,
): string {
  if (type.kind === 'int') {
    if (op === '/' || op === '%') {
      const plain = rightTree.kind === 'int' && rightTree.value !== 0n && rightTree.value !== -1n;
      return plain ? narrow(type, `(${left} ${op} ${right})`) : `${divide(b.unit, op, type)}(${left}, ${right})`;
    }
    if (op === '<<' || op === '>>') {
      const count = `(${right} & ${type.bits - 1})`;
      if (op === '>>') return narrow(type, `(${left} >> ${count})`);
      return `((${type.name})((u${type.bits})${left} << ${count}))`;
    }
    // Small unsigned factors become `int` in C and could overflow it.
    if (op === '*' && type.bits === 16 && !type.signed) return `((u16)((u32)${left} * (u32)${right}))`;
  }
  return narrow(type, `(${left} ${op} ${right})`);
}

export function compare(b: BodyEmitter, tree: TreeOf<'compare'>): string {
  const [left = '', right = ''] = values(b, [tree.left, tree.right]);
  return comparison(b, tree.op, tree.left.type, tree.right.type, left, right);
}

function comparison(
  b: BodyEmitter,
  op: CompareOperator,
  leftType: Type,
  rightType: Type,
  left: string,
  right: string,
): string {
  if (leftType.kind === 'str' && rightType.kind === 'str') {
    b.unit.libc.add('strcmp');
    return `(strcmp((const char *)${left}, (const char *)${right}) ${op} 0)`;
  }
  return `(${left} ${op} ${right})`;
}

export function logic(b: BodyEmitter, tree: TreeOf<'logic'>): string {
  const left = value(b, tree.left);
  const right = b.capture(() => value(b, tree.right));
  if (right.lines.length === 0) return `(${left} ${tree.op} ${right.value})`;
  const result = b.keep(tree.type, left);
  b.put(`if (${tree.op === '&&' ? result : `!${result}`}) {`);
  for (const line of right.lines) b.put(line);
  if (isReal(tree.right.type)) b.put(`${result} = ${right.value};`);
  b.put('}');
  return result;
}

const isU64 = (type: Type): boolean => type.kind === 'int' && type.bits === 64 && !type.signed;

export function cast(b: BodyEmitter, text: string, from: Type, to: Type): string {
  if (from === to) return text;
  const type = b.unit.type(to);
  // tcc turns large unsigned numbers into floats and back by functions of its own library.
  if ([from, to].some(isU64) && [from, to].some((one) => one.kind === 'float')) b.unit.links.helpers = true;
  if (to.kind === 'bool') return `(${text} != 0)`;
  if (from.kind === 'float' && to.kind === 'int') return `${toInteger(b.unit, from, to)}(${text})`;
  return `((${type})${text})`;
}
