import type { Context, Scope } from './context.ts';
import { expression, hard, literal } from './expression.ts';
import { bool, compare, type IntTy, ints, type Ty, type Value } from './meaning.ts';
import { type Frame, listOf, type Node } from './node.ts';
import { block } from './statement.ts';

/** `c ? a : b`, `I … { } E { }` and blocks, as values. */
export function branch(c: Context, s: Scope, ty: Ty, depth: number): Node {
  const { draw } = c;
  if (draw.chance(30)) return blockValue(c, s, ty, depth);
  const condition = expression(c, s, bool, depth);
  const blocks = draw.chance(50);
  const first = blocks ? blockValue(c, s, ty, depth) : expression(c, s, ty, depth);
  const second = blocks ? blockValue(c, s, ty, depth) : expression(c, s, ty, depth);
  // One of two bare literals says what they are.
  const taken = draw.chance(50) || second.soft ? hard(first) : first;
  const text = blocks
    ? `(I ${condition.text} ${taken.text} E ${second.text})`
    : `(${condition.text} ? ${taken.text} : ${second.text})`;
  return { ty, text, run: (frame) => (condition.run(frame) === true ? taken.run(frame) : second.run(frame)) };
}

function blockValue(c: Context, s: Scope, ty: Ty, depth: number): Node {
  const inner = s.value();
  const steps = block(c, inner, c.draw.below(3), Math.max(0, depth - 1));
  const value = hard(expression(c, inner, ty, depth));
  return {
    ty,
    text: `{ ${[...steps.map((step) => step.text), value.text].join('\n')} }`,
    run: (frame) => {
      for (const step of steps) step.run(frame);
      return value.run(frame);
    },
  };
}

interface Arm {
  readonly text: string;
  /** True when it takes the value; sets what it binds. */
  takes(value: Value, frame: Frame): boolean;
  readonly result: Node;
}

/** `M`, over an integer or an enum. */
export function choice(c: Context, s: Scope, ty: Ty, depth: number): Node {
  const { draw } = c;
  const sum = c.enums.length > 0 && draw.chance(40) ? draw.pick(c.enums) : undefined;
  const kind = draw.pick(ints);
  const subject = hard(expression(c, s, sum ?? kind, depth));
  const arms =
    sum === undefined
      ? [...Array.from({ length: 1 + draw.below(3) }, () => numberArm(c, s, kind, ty, depth)), restArm(c, s, ty, depth)]
      : draw.shuffled(sum.variants.map((_, tag) => variantArm(c, s, sum, tag, ty, depth)));
  return {
    ty,
    text: `(M ${subject.text} {\n${arms.map((arm) => `${arm.text} => ${arm.result.text},`).join('\n')}\n})`,
    run: (frame) => {
      const value = subject.run(frame);
      const arm = arms.find((one) => one.takes(value, frame));
      if (arm === undefined) throw new Error('no arm fits');
      return arm.result.run(frame);
    },
  };
}

function restArm(c: Context, s: Scope, ty: Ty, depth: number): Arm {
  return { text: '_', takes: () => true, result: hard(expression(c, s, ty, depth)) };
}

function numberArm(c: Context, s: Scope, kind: IntTy, ty: Ty, depth: number): Arm {
  const { draw } = c;
  const one = literal(c, kind);
  const low = one.run as () => Value;
  const form = draw.below(4);
  if (form === 0) {
    const inner = s.inner();
    const bound = inner.declare(c.name('n'), kind);
    const guard = expression(c, inner, bool, depth);
    const takes: Arm['takes'] = (value, frame) => {
      frame.variables[bound.slot] = value;
      return guard.run(frame) === true;
    };
    return { text: `${bound.name} I ${guard.text}`, takes, result: hard(expression(c, inner, ty, depth)) };
  }
  const result = hard(expression(c, s, ty, depth));
  if (form === 1) return { text: one.text, takes: (value) => value === low(), result };
  const other = literal(c, kind);
  const high = other.run as () => Value;
  if (form === 2 && compare('<', low(), high())) {
    const open = draw.chance(50);
    const takes: Arm['takes'] = (value) => compare('>=', value, low()) && compare(open ? '<' : '<=', value, high());
    return { text: `${one.text}${open ? '..' : '..='}${other.text}`, takes, result };
  }
  return { text: `${one.text} | ${other.text}`, takes: (value) => value === low() || value === high(), result };
}

function variantArm(c: Context, s: Scope, sum: Context['enums'][number], tag: number, ty: Ty, depth: number): Arm {
  const variant = sum.variants[tag];
  if (variant === undefined) throw new Error('no such variant');
  const inner = s.inner();
  const bound = variant.parts.map((part) => inner.declare(variant.named ? part.name : c.name('v'), part.ty));
  const names = bound.map(({ name }) => name).join(', ');
  const text = bound.length === 0 ? '' : variant.named ? ` { ${names} }` : `(${names})`;
  return {
    text: `${variant.name}${text}`,
    takes: (value, frame) => {
      const [found, ...parts] = listOf(value);
      if (found !== BigInt(tag)) return false;
      for (const [index, { slot }] of bound.entries()) frame.variables[slot] = parts[index] ?? 0n;
      return true;
    },
    result: hard(expression(c, inner, ty, depth)),
  };
}
