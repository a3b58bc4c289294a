import { traced } from './call.ts';
import type { Context, Scope } from './context.ts';
import { expression, hard } from './expression.ts';
import { arithmetic, bool, copy, ints, type Ty, type Value, wrap } from './meaning.ts';
import { at, Leave, listOf, type Spot, type Step } from './node.ts';
import { place } from './place.ts';

export function block(c: Context, s: Scope, count: number, depth: number): Step[] {
  return Array.from({ length: count }, () => statement(c, s, depth));
}

function statement(c: Context, s: Scope, depth: number): Step {
  const { draw } = c;
  switch (draw.below(depth > 0 ? 12 : 6)) {
    case 0:
    case 1:
      return declare(c, s, depth);
    case 2:
    case 3:
      return assign(c, s, depth);
    case 4:
      return compound(c, s, depth);
    case 5:
      return told(c, s, depth);
    case 6:
    case 7:
      return condition(c, s, depth);
    case 8:
      return counted(c, s, depth);
    case 9:
      return each(c, s, depth) ?? declare(c, s, depth);
    case 10:
      return leave(c, s, depth) ?? told(c, s, depth);
    default:
      return guarded(c, s, depth);
  }
}

/** Into the place itself: whoever holds a part of it sees the new value. */
export function store(ty: Ty, spot: Spot, value: Value): void {
  if (ty.kind !== 'struct' && ty.kind !== 'array') {
    spot.list[spot.at] = copy(value);
    return;
  }
  const parts = listOf(copy(value));
  const list = listOf(at(spot));
  for (const [index, part] of parts.entries()) {
    const inner = ty.kind === 'array' ? ty.of : ty.parts[index]?.ty;
    if (inner !== undefined) store(inner, { list, at: index }, part);
  }
}

function declare(c: Context, s: Scope, depth: number): Step {
  const ty = c.type();
  const value = expression(c, s, ty, depth);
  // A name again makes a new variable, whose value may come from the old one.
  const name = s.variables.length > 0 && c.draw.chance(15) ? c.draw.pick(s.variables).name : c.name('a');
  const { slot } = s.declare(name, ty);
  const text = c.draw.chance(50) ? `${name}: ${ty.name} = ${value.text}` : `${name} := ${hard(value).text}`;
  return {
    text,
    run: (frame) => {
      frame.variables[slot] = value.run(frame);
    },
  };
}

function assign(c: Context, s: Scope, depth: number): Step {
  const ty = c.type();
  const to = place(c, s, ty, depth);
  if (to === undefined) return declare(c, s, depth);
  const value = expression(c, s, ty, depth);
  return {
    text: `${to.text} = ${value.text}`,
    run: (frame) => {
      const spot = to.find(frame);
      store(ty, spot, value.run(frame));
    },
  };
}

function compound(c: Context, s: Scope, depth: number): Step {
  const { draw } = c;
  const ty = c.scalar();
  const to = place(c, s, ty, depth);
  if (to === undefined) return declare(c, s, depth);
  const shift = ty.kind === 'int' && draw.chance(20);
  const op = shift
    ? draw.pick(['<<', '>>'])
    : draw.pick(
        ty.kind === 'int'
          ? ['+', '-', '*', '&', '|', '^']
          : ty.kind === 'bool'
            ? ['&', '|', '^']
            : ['+', '-', '*', '/'],
      );
  const value = shift ? hard(expression(c, s, draw.pick(ints), depth)) : expression(c, s, ty, depth);
  return {
    text: `${to.text} ${op}= ${value.text}`,
    run: (frame) => {
      const spot = to.find(frame);
      const before = at(spot);
      store(ty, spot, arithmetic(op, ty, before, value.run(frame)));
    },
  };
}

function told(c: Context, s: Scope, depth: number): Step {
  const value = traced(c, s, c.scalar(), depth);
  return {
    text: value.text,
    run: (frame) => {
      value.run(frame);
    },
  };
}

function condition(c: Context, s: Scope, depth: number): Step {
  const test = expression(c, s, bool, depth - 1);
  const taken = block(c, s.inner(), 1 + c.draw.below(2), depth - 1);
  const otherwise = c.draw.chance(50) ? block(c, s.inner(), 1 + c.draw.below(2), depth - 1) : [];
  const tail = otherwise.length === 0 ? '' : ` E {\n${lines(otherwise)}\n}`;
  return {
    text: `I ${test.text} {\n${lines(taken)}\n}${tail}`,
    run: (frame) => {
      for (const step of test.run(frame) === true ? taken : otherwise) step.run(frame);
    },
  };
}

/** Runs a loop's body once; true when the loop is over. */
function pass(steps: readonly Step[], frame: Parameters<Step['run']>[0]): boolean {
  frame.world.tick();
  try {
    for (const step of steps) step.run(frame);
  } catch (thrown) {
    if (!(thrown instanceof Leave) || thrown.how === 'return') throw thrown;
    return thrown.how === 'break';
  }
  return false;
}

function counted(c: Context, s: Scope, depth: number): Step {
  const { draw } = c;
  const kind = draw.pick(ints);
  const inner = s.inner(true);
  const from = wrap(
    BigInt(draw.below(5)) - (draw.chance(30) ? 3n : 0n) - (draw.chance(20) && kind.signed ? 1n << 7n : 0n),
    kind,
  );
  const to = wrap(from + BigInt(draw.below(4)), kind);
  const inclusive = draw.chance(50);
  const variable = inner.declare(c.name('i'), kind);
  const body = block(c, inner, 1 + draw.below(3), depth - 1);
  const text = (value: bigint): string => (value > 0x7fff_ffff_ffff_ffffn ? `0x${value.toString(16)}` : `${value}`);
  return {
    text: `L ${variable.name}: (${text(from)} as ${kind.name})${inclusive ? '..=' : '..'}${text(to)} {\n${lines(body)}\n}`,
    run: (frame) => {
      for (let value = from; inclusive ? value <= to : value < to; value++) {
        frame.variables[variable.slot] = value;
        if (pass(body, frame)) return;
      }
    },
  };
}

/** Over the elements of an array that has no place: what the body changes is not what the loop is over. */
function each(c: Context, s: Scope, depth: number): Step | undefined {
  const array = c.array(c.scalar());
  const over = hard(expression(c, s, array, 0));
  if (!over.text.startsWith('[')) return undefined;
  const inner = s.inner(true);
  const variable = inner.declare(c.name('e'), array.of);
  const body = block(c, inner, 1 + c.draw.below(2), depth - 1);
  return {
    text: `L ${variable.name}: ${over.text} {\n${lines(body)}\n}`,
    run: (frame) => {
      for (const value of listOf(over.run(frame))) {
        frame.variables[variable.slot] = copy(value);
        if (pass(body, frame)) return;
      }
    },
  };
}

function leave(c: Context, s: Scope, depth: number): Step | undefined {
  const { draw } = c;
  const test = expression(c, s, bool, depth - 1);
  if (s.inLoop && draw.chance(60)) {
    const how = draw.pick(['break', 'continue'] as const);
    return {
      text: `I ${test.text} { ${how === 'break' ? 'B' : 'C'} }`,
      run: (frame) => {
        if (test.run(frame) === true) throw new Leave(how);
      },
    };
  }
  if (s.result === undefined) return undefined;
  const value = expression(c, s, s.result, depth - 1);
  return {
    text: `I ${test.text} { R ${value.text} }`,
    run: (frame) => {
      if (test.run(frame) === true) throw new Leave('return', value.run(frame));
    },
  };
}

/** A loop with a condition, which a counter ends in any case. */
function guarded(c: Context, s: Scope, depth: number): Step {
  const test = expression(c, s, bool, depth - 1);
  const count = 1 + c.draw.below(3);
  const name = c.name('w');
  const { slot } = s.declare(name, ints[7] ?? bool);
  // Out of sight, so that nothing in the body changes it.
  s.variables.pop();
  const body = block(c, s.inner(true), 1 + c.draw.below(2), depth - 1);
  return {
    text: `${name}: u64 = 0\nL (${name} < ${count} && ${test.text}) {\n${name} += 1\n${lines(body)}\n}`,
    run: (frame) => {
      for (let left = count; left > 0 && test.run(frame) === true; left--) {
        frame.variables[slot] = 0n;
        if (pass(body, frame)) return;
      }
    },
  };
}

export function lines(steps: readonly Step[]): string {
  return steps.map((step) => step.text).join('\n');
}
