import type { Context, Scope } from './context.ts';
import { expression, hard } from './expression.ts';
import { ints, Trap, type Ty } from './meaning.ts';
import { at, type Frame, listOf, type Place } from './node.ts';

type Path = readonly (number | 'index')[];

/** A place of this type that the scope can see: a variable, a global, what a pointer leads to, or a part of one. */
export function place(c: Context, s: Scope, ty: Ty, depth: number): Place | undefined {
  const roots: Place[] = [
    ...s.variables.map((one) => ({
      ty: one.ty,
      text: one.name,
      find: (frame: Frame) => ({ list: frame.variables, at: one.slot }),
    })),
    ...c.globals.map((one) => ({
      ty: one.ty,
      text: one.name,
      find: (frame: Frame) => ({ list: frame.world.globals, at: one.slot }),
    })),
    ...s.pointers.map((one) => ({
      ty: one.ty,
      text: `(*${one.name})`,
      find: (frame: Frame) => {
        const spot = frame.pointers[one.slot];
        if (spot === undefined) throw new Error('no such pointer');
        return spot;
      },
    })),
  ];
  const ways = roots.flatMap((root) => paths(root.ty, ty).map((path) => ({ root, path })));
  if (ways.length === 0) return undefined;
  const { root, path } = c.draw.pick(ways);
  return path.reduce((from, step) => (step === 'index' ? element(c, s, from, depth) : field(from, step)), root);
}

function paths(from: Ty, to: Ty): Path[] {
  const found: Path[] = from === to ? [[]] : [];
  if (from.kind === 'struct') {
    for (const [index, part] of from.parts.entries()) {
      for (const path of paths(part.ty, to)) found.push([index, ...path]);
    }
  }
  if (from.kind === 'array') for (const path of paths(from.of, to)) found.push(['index', ...path]);
  return found;
}

function field(from: Place, index: number): Place {
  const part = from.ty.kind === 'struct' ? from.ty.parts[index] : undefined;
  if (part === undefined) throw new Error('no such field');
  // A pointer is followed by itself: `p.x` is `(*p).x`.
  const head = /^\(\*\w+\)$/.test(from.text) && index % 2 === 0 ? from.text.slice(2, -1) : from.text;
  return {
    ty: part.ty,
    text: `${head}.${part.name}`,
    find: (frame) => ({ list: listOf(at(from.find(frame))), at: index }),
  };
}

function element(c: Context, s: Scope, from: Place, depth: number): Place {
  const { ty } = from;
  if (ty.kind !== 'array') throw new Error('no elements');
  const { draw } = c;
  if (depth <= 0 || draw.chance(50)) {
    const index = draw.below(ty.length);
    return {
      ty: ty.of,
      text: `${from.text}[${index}]`,
      find: (frame) => ({ list: listOf(at(from.find(frame))), at: index }),
    };
  }
  const wild = c.traps && draw.chance(5);
  const kind = draw.pick(wild ? ints : ints.filter((one) => !one.signed));
  const index = hard(expression(c, s, kind, depth - 1));
  // A number that stands there would be refused when it is compiled.
  const text = wild ? `same(${index.text})` : `${index.text} % ${ty.length}`;
  return {
    ty: ty.of,
    text: `${from.text}[${text}]`,
    find: (frame) => {
      const list = listOf(at(from.find(frame)));
      const found = index.run(frame);
      const where = wild ? Number(found) : Number(BigInt(found as bigint) % BigInt(ty.length));
      if (where < 0 || where >= ty.length) throw new Trap();
      return { list, at: where };
    },
  };
}
