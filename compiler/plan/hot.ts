import type { Module } from '../front/modules.ts';
import type { Func, Program } from '../front/tree.ts';

/** The hot functions of a module: the slots of its table, in this order. */
export function hotFunctions(program: Program, module: Module): Func[] {
  return program.functions.filter((func) => func.hot && func.module === module);
}

/** The modules of a program that have hot functions: each is an image of its own. */
export function hotModules(program: Program): Module[] {
  return program.modules.filter((module) => hotFunctions(program, module).length > 0);
}

/** Which functions call a hot function, themselves or through others: each is looked at once. */
export class HotReach {
  readonly #known = new Map<Func, boolean>();

  has(func: Func): boolean {
    const known = this.#known.get(func);
    if (known !== undefined) return known;
    const seen = new Set<Func>();
    const visit = (at: Func): boolean => {
      if (seen.has(at)) return false;
      seen.add(at);
      for (const called of at.calls) if (called.hot || visit(called)) return true;
      return false;
    };
    const found = visit(func);
    this.#known.set(func, found);
    return found;
  }
}
