import fc from 'fast-check';
import { type Callable, Context, Draw, Scope } from './context.ts';
import { expression, hard, simple } from './expression.ts';
import { type EnumTy, ints, type Part, printers, type StructTy, Trap, type Ty, type Value } from './meaning.ts';
import { Leave, listOf, type Spot, type Step, TooLong, World } from './node.ts';
import { block, lines } from './statement.ts';

/** A well-typed program, and what it writes. */
export interface RandomProgram {
  readonly source: string;
  readonly output: string;
  /** It ends by a signal. */
  readonly trapped: boolean;
}

const fuel = 4000;

const helpers = `F same<T>(x: T) -> T = x
F either<T>(c: bool, a: T, b: T) -> T {
    I c { R a }
    b
}
${ints
  .map(
    ({ name }) => `F sum_${name}(xs: [${name}]) -> ${name} {
    s: ${name} = 0
    L x: xs { s = s * 31 + x }
    s
}`,
  )
  .join('\n')}
`;

/** Programs; undefined for one that would run too long. */
export const randomProgram: fc.Arbitrary<RandomProgram | undefined> = fc.gen().map((g) => grow(new Draw(g)));

function grow(draw: Draw): RandomProgram | undefined {
  const c = new Context(draw, draw.chance(25));
  const types = declareTypes(c);
  const none = new Scope([], [], undefined, { slots: 0 });
  const globals = Array.from({ length: 2 + draw.below(4) }, () => {
    const ty = c.type();
    const node = simple(c, none, ty);
    return { name: c.name('g'), ty, node };
  });
  // Only now, so that no global's initial value is made of another.
  c.globals.push(...globals.map(({ name, ty }, slot) => ({ name, ty, slot })));
  const functions = Array.from({ length: 3 + draw.below(5) }, () => declareFunction(c));
  const main = new Scope([], [], undefined, { slots: 0 });
  const body = [
    ...block(c, main, 4 + draw.below(6), 3),
    ...c.globals.flatMap(({ name, ty, slot }) => leaves(name, ty, (world) => world.globals[slot])),
  ];
  const source = [
    printers,
    helpers,
    ...types,
    ...globals.map(({ name, ty, node }) => `G ${name}: ${ty.name} = ${node.text}`),
    ...functions,
    `F main() -> i64 {\n${lines(body)}\n0\n}\n`,
  ].join('\n');
  const world = new World([], fuel);
  let trapped = false;
  try {
    for (const { node } of globals) world.globals.push(node.run({ variables: [], pointers: [], world }));
    for (const step of body) step.run({ variables: variablesOf(world), pointers: [], world });
  } catch (thrown) {
    if (thrown instanceof TooLong) return undefined;
    if (!(thrown instanceof Trap)) throw thrown;
    trapped = true;
  }
  return { source, output: world.lines.map((line) => `${line}\n`).join(''), trapped };
}

/** Prints every number that a global ends with. */
function leaves(text: string, ty: Ty, value: (world: World) => Value | undefined): Step[] {
  const part = (index: number) => (world: World) => listOf(value(world) ?? 0n)[index];
  if (ty.kind === 'struct') return ty.parts.flatMap((one, index) => leaves(`${text}.${one.name}`, one.ty, part(index)));
  if (ty.kind === 'array') {
    return Array.from({ length: ty.length }, (_, index) => leaves(`${text}[${index}]`, ty.of, part(index))).flat();
  }
  if (ty.kind === 'enum') return [];
  return [{ text: `t_${ty.name}(${text})`, run: ({ world }) => world.print(ty, value(world) ?? 0n) }];
}

const mains = new WeakMap<World, Value[]>();

/** The variables of `main`: one list for all its steps. */
function variablesOf(world: World): Value[] {
  const known = mains.get(world) ?? [];
  mains.set(world, known);
  return known;
}

function declareTypes(c: Context): string[] {
  const { draw } = c;
  const texts: string[] = [];
  const parts = (count: number): Part[] =>
    Array.from({ length: count }, () => ({ name: c.name('f'), ty: draw.chance(25) ? c.array(c.scalar()) : c.type() }));
  for (let count = 1 + draw.below(3); count > 0; count--) {
    const made: StructTy = { kind: 'struct', name: c.name('S'), parts: parts(1 + draw.below(4)) };
    texts.push(`S ${made.name} { ${made.parts.map(({ name, ty }) => `${name}: ${ty.name}`).join(', ')} }`);
    c.structs.push(made);
    c.types.push(made, made);
  }
  for (let count = draw.below(3); count > 0; count--) {
    const variants = Array.from({ length: 1 + draw.below(3) }, () => ({
      name: c.name('V'),
      named: draw.chance(40),
      parts: parts(draw.below(3)),
    }));
    const made: EnumTy = { kind: 'enum', name: c.name('E'), variants };
    const list = variants.map(({ name, named, parts: held }) => {
      const inner = held.map((part) => (named ? `${part.name}: ${part.ty.name}` : part.ty.name)).join(', ');
      return held.length === 0 ? name : named ? `${name} { ${inner} }` : `${name}(${inner})`;
    });
    texts.push(`E ${made.name} { ${list.join(', ')} }`);
    c.enums.push(made);
    c.types.push(made, made);
  }
  return texts;
}

function declareFunction(c: Context): string {
  const { draw } = c;
  const name = c.name('f');
  const params: Ty[] = Array.from({ length: draw.below(4) }, () => c.type());
  const pointers: Ty[] = Array.from({ length: draw.below(2) }, () => c.type());
  const result = c.type();
  const owner = pointers[0];
  const method = owner?.kind === 'struct' && draw.chance(60);
  const scope = new Scope(
    [],
    pointers.map((ty, slot) => ({ name: method ? 'self' : c.name('p'), ty, slot })),
    result,
    { slots: 0 },
  );
  const variables = params.map((ty) => scope.declare(c.name('a'), ty));
  const body = block(c, scope, 1 + draw.below(4), 3);
  const value = draw.chance(50) ? hard(expression(c, scope, result, 3)) : expression(c, scope, result, 3);
  const list = [
    ...(method ? ['&self'] : scope.pointers.map((one) => `${one.name}: *${one.ty.name}`)),
    ...variables.map((one) => `${one.name}: ${one.ty.name}`),
  ];
  const text = `F ${name}(${list.join(', ')}) -> ${result.name} {\n${[...body.map((step) => step.text), value.text].join('\n')}\n}`;
  const call: Callable['call'] = (args: Value[], spots: Spot[], world: World) => {
    const frame = { variables: [...args], pointers: spots, world };
    try {
      for (const step of body) step.run(frame);
      return value.run(frame);
    } catch (thrown) {
      if (thrown instanceof Leave && thrown.how === 'return' && thrown.value !== undefined) return thrown.value;
      throw thrown;
    }
  };
  c.functions.push({ name, method, pointers, params, result, call });
  return method ? `X ${owner.name} {\n${text}\n}` : text;
}
