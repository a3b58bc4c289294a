import type { Span } from '../../../front/source.ts';
import type { Func, Local, LoopInfo, Tree } from '../../../front/tree.ts';
import type { Type } from '../../../front/types.ts';
import type { Unit, View } from './unit.ts';

/** Longer operands are kept in a variable instead of being written twice. */
const shortOperand = 24;

/**
 * The C of one function in the making. Values are written as C expressions without side effects; what has effects is
 * a statement of its own before them, so that the order of evaluation is the order of the lines.
 */
export class BodyEmitter {
  readonly unit: Unit;
  readonly view: View;
  readonly func: Func | undefined;
  lines: string[] = [];
  readonly #locals = new Map<Local, string>();
  readonly #names = new Set<string>();
  /** Where a loop's value goes. */
  readonly results = new Map<LoopInfo, string>();
  /** The loops of C around what is written now; undefined for one whose condition is being written. */
  readonly loops: (LoopInfo | undefined)[] = [];
  readonly #targets = new Set<string>();
  /** Put `hot_safe_point()` at the head of loops that call hot functions. */
  safePoints = false;
  #temps = 0;
  #labels = 0;

  constructor(unit: Unit, view: View, func?: Func) {
    this.unit = unit;
    this.view = view;
    this.func = func;
  }

  put(line: string): void {
    this.lines.push(line);
  }

  /** A new variable for this type; declared, not set. */
  temp(type: Type): string {
    const name = `t${++this.#temps}_`;
    this.put(`${this.unit.type(type)} ${name};`);
    return name;
  }

  fresh(): string {
    return `t${++this.#temps}_`;
  }

  /** Keeps a value in a variable, so that what follows cannot change it. */
  keep(type: Type, value: string): string {
    const name = `t${++this.#temps}_`;
    this.put(`${this.unit.type(type)} ${name} = ${value};`);
    return name;
  }

  /** The value in a form that can be written twice. */
  twice(type: Type, value: string): string {
    return value.length <= shortOperand && !value.includes('(') ? value : this.keep(type, value);
  }

  /** What `write` puts, instead of putting it. */
  capture<T>(write: () => T): { lines: string[]; value: T } {
    const before = this.lines;
    this.lines = [];
    try {
      const value = write();
      return { lines: this.lines, value };
    } finally {
      this.lines = before;
    }
  }

  local(local: Local): string {
    const known = this.#locals.get(local);
    if (known !== undefined) return known;
    const base = this.unit.names.localName(local.name === '' ? 'it' : local.name);
    let name = base;
    for (let count = 2; this.#names.has(name); count++) name = `${base}_${count}`;
    this.#names.add(name);
    this.#locals.set(local, name);
    return name;
  }

  label(name: string): string {
    return `${name}${++this.#labels}_`;
  }

  /** A jump out of more than the innermost loop of C, as from the condition of a loop inside. */
  goTo(label: string): string {
    this.#targets.add(label);
    return `goto ${label};`;
  }

  /** The label, where something jumps to it. */
  putLabel(label: string): void {
    if (this.#targets.has(label)) this.put(`${label}:;`);
  }

  /** Says where the next statement stands. */
  at(span: Span): void {
    if (this.unit.options.debug) this.put(lineDirective(span));
    this.backAt(span);
  }

  /** After a call the cell holds a line of the function that was called. */
  backAt(span: Span): void {
    if (this.unit.options.lines) this.put(`*line_ = ${span.source.line(span.start)};`);
  }
}

export function lineDirective(span: Span): string {
  return `#line ${span.source.line(span.start)} ${JSON.stringify(span.source.path)}`;
}

/** True for what can change or depend on state, or leave: all that must keep its place in the order. */
export function hasEffects(tree: Tree): boolean {
  switch (tree.kind) {
    case 'int':
    case 'float':
    case 'bool':
    case 'string':
    case 'local':
    case 'global':
    case 'data':
    case 'function':
    case 'foreign':
      return false;
    case 'field':
    case 'payload':
    case 'tag':
    case 'member':
      return hasEffects(tree.object);
    case 'index':
      return hasEffects(tree.object) || hasEffects(tree.index);
    case 'deref':
      return hasEffects(tree.pointer);
    case 'address':
      return hasEffects(tree.place);
    case 'unary':
      return hasEffects(tree.operand);
    case 'arithmetic':
    case 'compare':
    case 'logic':
      return hasEffects(tree.left) || hasEffects(tree.right);
    case 'cast':
      return hasEffects(tree.value);
    case 'struct':
    case 'variant':
      return tree.fields.some((field) => hasEffects(field.value));
    case 'array':
      return tree.items.some(hasEffects);
    case 'repeat':
      return hasEffects(tree.item);
    case 'range':
      return hasEffects(tree.from) || hasEffects(tree.to);
    case 'slice':
      return hasEffects(tree.object) || (tree.range !== undefined && hasEffects(tree.range));
    case 'if':
      return (
        hasEffects(tree.condition) ||
        hasEffects(tree.taken) ||
        (tree.otherwise !== undefined && hasEffects(tree.otherwise))
      );
    case 'block':
      return tree.statements.length > 0 || (tree.value !== undefined && hasEffects(tree.value));
    default:
      return true;
  }
}

/** True for a value that nothing can change: it never needs keeping. */
export function isFixed(tree: Tree): boolean {
  return ['int', 'float', 'bool', 'string', 'function', 'foreign', 'data'].includes(tree.kind);
}

/** True for a type that has values at run time. */
export function isReal(type: Type): boolean {
  return type.kind !== 'void' && type.kind !== 'never' && type.kind !== 'wrong';
}
