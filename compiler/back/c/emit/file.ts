import { builtins } from '../../../front/builtins.ts';
import type { Func } from '../../../front/tree.ts';
import { emitBirths } from './birth.ts';
import { BodyEmitter, lineDirective } from './body.ts';
import { prototype } from './call.ts';
import { prelude, wideTypes } from './helper.ts';
import { emitDiscarded, lastOf } from './statement.ts';
import type { Unit, View } from './unit.ts';
import { raw } from './value.ts';

/** Writes the functions that are asked for, and those that they ask for, until none is left. */
export function emitFunctions(unit: Unit, safePoints: boolean): void {
  for (let next = unit.next(); next !== undefined; next = unit.next())
    emitFunction(unit, next.func, next.view, safePoints);
}

function emitFunction(unit: Unit, func: Func, view: View, safePoints: boolean): void {
  const b = new BodyEmitter(unit, view, func);
  b.safePoints = safePoints && view === undefined && !unit.options.release;
  const params = func.params.map((param) => `${unit.type(param.type)} ${b.local(param)}`).join(', ') || 'void';
  const head = `static ${unit.type(func.type.result)} ${unit.codeName(func, view)}(${params})`;
  unit.prototypes.push(`${head};`);
  if (unit.options.debug) b.put(lineDirective(func.span));
  b.put(`${head} {`);
  if (unit.options.lines) b.put('int *line_ = vais_api->line();');
  emitBirths(b, func);
  const { body } = func;
  if (body !== undefined) {
    const gives = func.type.result.kind !== 'void' && body.type.kind !== 'void';
    if (!gives || body.type.kind === 'never') emitDiscarded(b, body);
    else emitResult(b, body);
    if (!gives && func.type.result.kind !== 'void') b.put('return 0;');
  }
  b.put('}');
  unit.code.push(...(unit.options.debug ? placed(b.lines) : b.lines));
}

/** The body's value, returned without a detour where the body is a block. */
function emitResult(b: BodyEmitter, body: NonNullable<Func['body']>): void {
  const last = lastOf(body);
  if (last.kind !== 'block') b.at(last.span);
  b.put(`return ${raw(b, last)};`);
}

/** One statement of Vais can be several lines of C: each is said to be the same line. */
function placed(lines: readonly string[]): string[] {
  let current = '';
  return lines.flatMap((line) => {
    if (line.startsWith('#line')) {
      current = line;
      return [];
    }
    return current === '' ? [line] : [current, line];
  });
}

/** The whole file, its parts in the order that C wants. */
export function assemble(unit: Unit, head: readonly string[], tail: readonly string[]): string {
  const libc = [...unit.libc].flatMap((name) => {
    const builtin = builtins.get(name);
    return builtin === undefined ? [] : [prototype(builtin)];
  });
  return `${[
    ...head,
    prelude + (unit.types.wide ? wideTypes : ''),
    ...unit.types.forward,
    ...unit.types.functionTypes,
    ...unit.types.definitions,
    ...libc,
    ...unit.prototypes,
    ...unit.data,
    ...unit.helpers.values(),
    ...unit.code,
    ...(unit.options.debug ? ['#line 1 "generated"'] : []),
    ...tail,
  ].join('\n')}\n`;
}
