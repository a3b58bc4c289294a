import { type Scalar, shown, type Ty, type Value } from './meaning.ts';

/** A piece of a program: how it is written, and what it does. */
export interface Node {
  readonly ty: Ty;
  readonly text: string;
  run(frame: Frame): Value;
  /** A bare literal, whose type its place decides. */
  readonly soft?: boolean;
}

/** A place: how it is written, and the list and index that hold its value. */
export interface Place {
  readonly ty: Ty;
  readonly text: string;
  find(frame: Frame): Spot;
}
export interface Spot {
  readonly list: Value[];
  readonly at: number;
}

export interface Step {
  readonly text: string;
  run(frame: Frame): void;
}

/** One call: its variables, and where pointer parameters lead. */
export interface Frame {
  readonly variables: Value[];
  readonly pointers: readonly Spot[];
  readonly world: World;
}

export class Leave extends Error {
  readonly how: 'break' | 'continue' | 'return';
  readonly value: Value | undefined;
  constructor(how: Leave['how'], value?: Value) {
    super(how);
    this.how = how;
    this.value = value;
  }
}

/** The program needs more steps than a test has time for. */
export class TooLong extends Error {}

/** What all calls share: globals, and what was written. */
export class World {
  readonly globals: Value[];
  readonly lines: string[] = [];
  #fuel: number;

  constructor(globals: Value[], fuel: number) {
    this.globals = globals;
    this.#fuel = fuel;
  }

  tick(): void {
    if (--this.#fuel < 0) throw new TooLong();
  }

  print(ty: Scalar, value: Value): void {
    this.lines.push(shown(ty, value));
  }
}

export function at(spot: Spot): Value {
  const value = spot.list[spot.at];
  if (value === undefined) throw new Error('nothing is there');
  return value;
}

export function listOf(value: Value): Value[] {
  if (!Array.isArray(value)) throw new Error('no parts');
  return value;
}
