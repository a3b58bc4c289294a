import fc from 'fast-check';
import {
  type ArrayTy,
  bool,
  type EnumTy,
  floats,
  ints,
  type Scalar,
  type StructTy,
  type Ty,
  type Value,
} from './meaning.ts';
import type { Spot, World } from './node.ts';

/** Chance, as fast-check deals it, so that a failure shrinks. */
export class Draw {
  readonly #next: (max: number) => number;

  constructor(g: fc.GeneratorValue) {
    this.#next = (max) => g(fc.integer, { min: 0, max });
  }

  /** A whole number below `count`. */
  below(count: number): number {
    return count <= 1 ? 0 : this.#next(count - 1);
  }

  chance(percent: number): boolean {
    return this.#next(99) >= 100 - percent;
  }

  pick<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)];
    if (found === undefined) throw new Error('nothing to pick from');
    return found;
  }

  shuffled<T>(list: readonly T[]): T[] {
    const rest = [...list];
    return list.flatMap(() => rest.splice(this.below(rest.length), 1));
  }
}

export interface Variable {
  readonly name: string;
  readonly ty: Ty;
  readonly slot: number;
}

/** What the code at one place can see of its function. */
export class Scope {
  readonly variables: Variable[];
  readonly pointers: readonly Variable[];
  readonly result: Ty | undefined;
  /** Counts the function's variables, in all its scopes. */
  readonly counter: { slots: number };
  readonly inLoop: boolean;

  constructor(
    variables: Variable[],
    pointers: readonly Variable[],
    result: Ty | undefined,
    counter: { slots: number },
    inLoop = false,
  ) {
    this.variables = variables;
    this.pointers = pointers;
    this.result = result;
    this.counter = counter;
    this.inLoop = inLoop;
  }

  inner(inLoop = this.inLoop): Scope {
    return new Scope([...this.variables], this.pointers, this.result, this.counter, inLoop);
  }

  /** A block that is a value: what leaves the function or a loop from within an expression is tested by hand. */
  value(): Scope {
    return new Scope([...this.variables], this.pointers, undefined, this.counter, false);
  }

  declare(name: string, ty: Ty): Variable {
    const variable = { name, ty, slot: this.counter.slots++ };
    const before = this.variables.findIndex((one) => one.name === name);
    if (before >= 0) this.variables.splice(before, 1);
    this.variables.push(variable);
    return variable;
  }
}

export interface Callable {
  readonly name: string;
  /** Called as `place.name(…)`: its first pointer is `self`. */
  readonly method: boolean;
  readonly pointers: readonly Ty[];
  readonly params: readonly Ty[];
  readonly result: Ty;
  call(args: Value[], pointers: Spot[], world: World): Value;
}

/** A program in the making. */
export class Context {
  readonly draw: Draw;
  /** Some operations may stop the program. */
  readonly traps: boolean;
  readonly types: Ty[] = [...ints, ...floats, bool];
  readonly structs: StructTy[] = [];
  readonly enums: EnumTy[] = [];
  readonly globals: Variable[] = [];
  readonly functions: Callable[] = [];
  #names = 0;

  constructor(draw: Draw, traps: boolean) {
    this.draw = draw;
    this.traps = traps;
  }

  name(letter: string): string {
    return `${letter}${this.#names++}`;
  }

  scalar(): Scalar {
    return this.draw.chance(70) ? this.draw.pick(ints) : this.draw.pick([...floats, bool]);
  }

  type(): Ty {
    return this.draw.chance(60) ? this.scalar() : this.draw.pick(this.types);
  }

  array(of: Ty): ArrayTy {
    const length = 1 + this.draw.below(4);
    const name = `[${of.name}; ${length}]`;
    // Types are compared as objects, so that each has one.
    const known = this.types.find((ty): ty is ArrayTy => ty.name === name);
    if (known !== undefined) return known;
    const made: ArrayTy = { kind: 'array', name, of, length };
    this.types.push(made);
    return made;
  }
}
