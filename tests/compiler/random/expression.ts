import { call } from './call.ts';
import { branch, choice } from './choice.ts';
import type { Context, Scope } from './context.ts';
import {
  arithmetic,
  bool,
  compare,
  convert,
  copy,
  type FloatTy,
  type IntTy,
  i64,
  ints,
  type Scalar,
  type Ty,
  wrap,
} from './meaning.ts';
import { at, type Node } from './node.ts';
import { place } from './place.ts';

/** A value of this type, in a place that wants this type. */
export function expression(c: Context, s: Scope, ty: Ty, depth: number): Node {
  const { draw } = c;
  if (depth <= 0) return read(c, s, ty, 0) ?? simple(c, s, ty);
  const roll = draw.below(100);
  if (roll < 15) return read(c, s, ty, depth - 1) ?? simple(c, s, ty);
  if (roll < 30) return call(c, s, ty, depth - 1) ?? simple(c, s, ty);
  if (roll < 38) return choice(c, s, ty, depth - 1);
  if (roll < 45) return branch(c, s, ty, depth - 1);
  if (ty.kind === 'int') return integer(c, s, ty, depth - 1);
  if (ty.kind === 'float') return float(c, s, ty, depth - 1);
  return ty.kind === 'bool' ? truth(c, s, depth - 1) : composed(c, s, ty, depth - 1);
}

/** The value where no type is wanted: a bare literal is given its own. */
export function hard(node: Node): Node {
  return node.soft ? { ...node, text: `(${node.text} as ${node.ty.name})`, soft: false } : node;
}

function read(c: Context, s: Scope, ty: Ty, depth: number): Node | undefined {
  const from = place(c, s, ty, depth);
  return from === undefined ? undefined : { ty, text: from.text, run: (frame) => copy(at(from.find(frame))) };
}

/** A value that needs nothing from around it. */
export function simple(c: Context, s: Scope, ty: Ty): Node {
  if (ty.kind === 'int' || ty.kind === 'float' || ty.kind === 'bool') return literal(c, ty);
  return composed(c, s, ty, 0);
}

const numbers = [0, 0.1, 0.5, 1, 1.5, 3, 7.25, 100.75, 16777217, 2147483648, 1e10, 9.3e18, 3e38, 1e-40];

export function literal(c: Context, ty: Scalar): Node {
  const { draw } = c;
  if (ty.kind === 'bool') {
    const value = draw.chance(50);
    return { ty, text: `${value}`, run: () => value };
  }
  if (ty.kind === 'float') {
    const number = draw.pick(numbers) * (draw.chance(30) ? -1 : 1);
    const value = ty.bits === 32 ? Math.fround(number) : number;
    const size = `${Math.abs(number)}`.replace('e+', 'e');
    const text = `${Object.is(number, -0) || number < 0 ? '-' : ''}${/[.e]/.test(size) ? size : `${size}.0`}`;
    return { ty, text, run: () => value, soft: true };
  }
  const value = whole(c, ty);
  const hex = value > 0x7fff_ffff_ffff_ffffn || (value >= 0n && draw.chance(10));
  return { ty, text: hex ? `0x${value.toString(16)}` : `${value}`, run: () => value, soft: true };
}

function whole(c: Context, ty: IntTy): bigint {
  const { draw } = c;
  const near = BigInt(draw.below(12)) - (ty.signed ? 3n : 0n);
  if (draw.chance(60)) return wrap(near, ty);
  // Near the ends of some width, where things go wrong.
  const width = BigInt(draw.pick([7, 8, 15, 16, 31, 32, 63, 64]));
  return wrap((1n << width) + near * (draw.chance(50) ? 1n : -1n), ty);
}

function binary(c: Context, s: Scope, ty: Scalar, op: string, depth: number): Node {
  const first = expression(c, s, ty, depth);
  const right = expression(c, s, ty, depth);
  // Of two literals one must say what it is; else the other side does.
  const left = first.soft && right.soft ? hard(first) : first;
  return {
    ty,
    text: `(${left.text} ${op} ${right.text})`,
    run: (frame) => {
      const a = left.run(frame);
      return arithmetic(op, ty, a, right.run(frame));
    },
  };
}

function integer(c: Context, s: Scope, ty: IntTy, depth: number): Node {
  const { draw } = c;
  switch (draw.below(8)) {
    case 0:
      return literal(c, ty);
    case 1:
    case 2:
      return binary(c, s, ty, draw.pick(['+', '-', '*', '&', '|', '^']), depth);
    case 3: {
      const op = draw.pick(['/', '%']);
      if (c.traps && draw.chance(20)) return binary(c, s, ty, op, depth);
      const left = hard(expression(c, s, ty, depth));
      const right = expression(c, s, ty, depth);
      return {
        ty,
        text: `(${left.text} ${op} (${hard(right).text} | 1))`,
        run: (frame) => {
          const a = left.run(frame);
          return arithmetic(op, ty, a, arithmetic('|', ty, right.run(frame), 1n));
        },
      };
    }
    case 4: {
      const op = draw.pick(['<<', '>>']);
      const left = hard(expression(c, s, ty, depth));
      const right = hard(expression(c, s, draw.pick(ints), depth));
      return {
        ty,
        text: `(${left.text} ${op} ${right.text})`,
        run: (frame) => {
          const a = left.run(frame);
          return arithmetic(op, ty, a, right.run(frame));
        },
      };
    }
    case 5: {
      const op = draw.pick(['-', '~']);
      const operand = hard(expression(c, s, ty, depth));
      const run: Node['run'] = (frame) => {
        const value = BigInt(operand.run(frame) as bigint);
        return wrap(op === '-' ? -value : ~value, ty);
      };
      return { ty, text: `(${op}${operand.text})`, run };
    }
    default:
      return cast(c, s, ty, c.scalar(), depth);
  }
}

function cast(c: Context, s: Scope, ty: Scalar, from: Scalar, depth: number): Node {
  const value = hard(expression(c, s, from, depth));
  return { ty, text: `(${value.text} as ${ty.name})`, run: (frame) => convert(value.run(frame), ty) };
}

function float(c: Context, s: Scope, ty: FloatTy, depth: number): Node {
  const { draw } = c;
  switch (draw.below(4)) {
    case 0:
      return literal(c, ty);
    case 1: {
      const operand = hard(expression(c, s, ty, depth));
      return { ty, text: `(-${operand.text})`, run: (frame) => -Number(operand.run(frame)) };
    }
    case 2: {
      const from = c.scalar();
      return cast(c, s, ty, from.kind === 'bool' ? i64 : from, depth);
    }
    default:
      return binary(c, s, ty, draw.pick(['+', '-', '*', '/']), depth);
  }
}

function truth(c: Context, s: Scope, depth: number): Node {
  const { draw } = c;
  switch (draw.below(5)) {
    case 0: {
      const operand = expression(c, s, bool, depth);
      return { ty: bool, text: `(!${operand.text})`, run: (frame) => operand.run(frame) !== true };
    }
    case 1: {
      const op = draw.pick(['&&', '||']);
      const left = expression(c, s, bool, depth);
      const right = expression(c, s, bool, depth);
      return {
        ty: bool,
        text: `(${left.text} ${op} ${right.text})`,
        run: (frame) => (left.run(frame) === (op === '&&') ? right.run(frame) : op !== '&&'),
      };
    }
    case 2:
      return binary(c, s, bool, draw.pick(['&', '|', '^']), depth);
    case 3:
      return cast(c, s, bool, draw.pick(ints), depth);
    default: {
      const op = draw.pick(['==', '!=', '<', '>', '<=', '>=']);
      const ty = c.scalar();
      const left = hard(expression(c, s, ty.kind === 'bool' ? i64 : ty, depth));
      const right = expression(c, s, left.ty, depth);
      return {
        ty: bool,
        text: `(${left.text} ${op} ${right.text})`,
        run: (frame) => {
          const a = left.run(frame);
          return compare(op, a, right.run(frame));
        },
      };
    }
  }
}

/** A struct, array or variant, written out. */
function composed(c: Context, s: Scope, ty: Ty, depth: number): Node {
  const { draw } = c;
  if (ty.kind === 'array') {
    if (draw.chance(25)) {
      const item = expression(c, s, ty.of, depth);
      const run: Node['run'] = (frame) => {
        const value = item.run(frame);
        return Array.from({ length: ty.length }, () => copy(value));
      };
      return { ty, text: `[${hard(item).text}; ${ty.length}]`, run };
    }
    const items = Array.from({ length: ty.length }, () => hard(expression(c, s, ty.of, depth)));
    return {
      ty,
      text: `[${items.map((item) => item.text).join(', ')}]`,
      run: (frame) => items.map((item) => item.run(frame)),
    };
  }
  if (ty.kind === 'struct') {
    const given = draw.shuffled([...ty.parts.keys()]).flatMap((index) => {
      const part = ty.parts[index];
      return part === undefined ? [] : [{ index, name: part.name, node: expression(c, s, part.ty, depth) }];
    });
    return {
      ty,
      text: `(${ty.name} { ${given.map(({ name, node }) => `${name}: ${node.text}`).join(', ')} })`,
      run: (frame) => {
        const parts = ty.parts.map(() => 0n as ReturnType<Node['run']>);
        for (const { index, node } of given) parts[index] = node.run(frame);
        return parts;
      },
    };
  }
  if (ty.kind !== 'enum') return literal(c, ty);
  const tag = draw.below(ty.variants.length);
  const variant = ty.variants[tag];
  if (variant === undefined) throw new Error('no such variant');
  const parts = variant.parts.map((part) => ({ name: part.name, node: expression(c, s, part.ty, depth) }));
  const texts = parts.map(({ name, node }) => (variant.named ? `${name}: ${node.text}` : node.text)).join(', ');
  const text = parts.length === 0 ? '' : variant.named ? ` { ${texts} }` : `(${texts})`;
  return {
    ty,
    text: `(${ty.name}.${variant.name}${text})`,
    run: (frame) => [BigInt(tag), ...parts.map(({ node }) => node.run(frame))],
  };
}
