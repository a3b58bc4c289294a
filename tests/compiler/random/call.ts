import { type Callable, type Context, Scope } from './context.ts';
import { expression, hard } from './expression.ts';
import { arithmetic, bool, copy, type Scalar, Trap, type Ty, type Value } from './meaning.ts';
import { listOf, type Node } from './node.ts';
import { place } from './place.ts';

/** A call that gives this type: of a function of the program, of a printer, of a generic helper or of a closure. */
export function call(c: Context, s: Scope, ty: Ty, depth: number): Node | undefined {
  const { draw } = c;
  const known = c.functions.filter((one) => one.result === ty);
  if (known.length > 0 && draw.chance(50)) {
    const found = declared(c, s, draw.pick(known), depth);
    if (found !== undefined) return found;
  }
  switch (draw.below(8)) {
    case 0: {
      const value = hard(expression(c, s, ty, depth));
      return { ty, text: `same(${value.text})`, run: (frame) => value.run(frame) };
    }
    case 1:
      return either(c, s, ty, depth);
    case 2:
      return closure(c, s, ty, depth);
    case 3:
      return folded(c, s, ty, depth);
    default:
      return ty.kind === 'int' || ty.kind === 'float' || ty.kind === 'bool' ? traced(c, s, ty, depth) : undefined;
  }
}

/** `t_i64(e)`: prints the value and gives it back, so that the order of evaluation shows. */
export function traced(c: Context, s: Scope, ty: Scalar, depth: number): Node {
  const value = expression(c, s, ty, depth);
  return {
    ty,
    text: `t_${ty.name}(${value.text})`,
    run: (frame) => {
      const found = value.run(frame);
      frame.world.tick();
      frame.world.print(ty, found);
      return found;
    },
  };
}

function declared(c: Context, s: Scope, target: Callable, depth: number): Node | undefined {
  const spots = target.pointers.flatMap((ty) => place(c, s, ty, depth) ?? []);
  if (spots.length !== target.pointers.length) return undefined;
  const args = target.params.map((ty) => expression(c, s, ty, depth));
  const addresses = spots.map((spot) => `&${spot.text}`);
  const [self] = spots;
  const head = target.method && self !== undefined ? `${self.text}.${target.name}` : target.name;
  const list = [...addresses.slice(target.method ? 1 : 0), ...args.map((arg) => arg.text)];
  return {
    ty: target.result,
    text: `${head}(${list.join(', ')})`,
    run: (frame) => {
      const found = spots.map((spot) => spot.find(frame));
      const values = args.map((arg) => arg.run(frame));
      frame.world.tick();
      return target.call(values, found, frame.world);
    },
  };
}

/** `either(c, a, b)`: both are evaluated. */
function either(c: Context, s: Scope, ty: Ty, depth: number): Node {
  const condition = expression(c, s, bool, depth);
  const first = hard(expression(c, s, ty, depth));
  const second = expression(c, s, ty, depth);
  return {
    ty,
    text: `either(${condition.text}, ${first.text}, ${second.text})`,
    run: (frame) => {
      const yes = condition.run(frame);
      const a = first.run(frame);
      const b = second.run(frame);
      return yes === true ? a : b;
    },
  };
}

function closure(c: Context, s: Scope, ty: Ty, depth: number): Node {
  const from = c.scalar();
  const own = new Scope([], [], undefined, { slots: 0 });
  const x = own.declare(c.name('x'), from);
  const body = hard(expression(c, own, ty, depth));
  const arg = expression(c, s, from, depth);
  return {
    ty,
    text: `(|${x.name}: ${from.name}| ${body.text})(${arg.text})`,
    run: (frame) => body.run({ variables: [arg.run(frame)], pointers: [], world: frame.world }),
  };
}

/** `sum_i32(a[1..3])`: a loop over a slice. */
function folded(c: Context, s: Scope, ty: Ty, depth: number): Node | undefined {
  if (ty.kind !== 'int') return undefined;
  const { draw } = c;
  const array = c.array(ty);
  const from = draw.chance(70) ? place(c, s, array, depth) : undefined;
  const literal = hard(expression(c, s, array, depth));
  const low = draw.below(array.length + 1);
  const high = low + draw.below(array.length - low + 1) + (c.traps && draw.chance(5) ? 1 : 0);
  const whole = from === undefined || draw.chance(40);
  return {
    ty,
    text: `sum_${ty.name}(${from === undefined ? literal.text : from.text}${whole ? '' : `[${low}..${high}]`})`,
    run: (frame) => {
      const spot = from?.find(frame);
      const list = spot === undefined ? listOf(literal.run(frame)) : listOf(copy(spot.list[spot.at] ?? 0n));
      if (!whole && high > array.length) throw new Trap();
      let sum: Value = 0n;
      for (const value of whole ? list : list.slice(low, high)) {
        sum = arithmetic('+', ty, arithmetic('*', ty, sum, 31n), value);
      }
      return sum;
    },
  };
}
