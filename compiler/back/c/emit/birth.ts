/**
 * First values with addresses in them. An image cannot hand them to the runtime as bytes: they would lead into the
 * image, which is unloaded some day. So the first of its functions that uses such a global gives it its value, from
 * texts and thunks that the program keeps. A flag beside the global, itself a global, tells that this was done; the
 * program brings the flags of its own globals set.
 */
import type { Module } from '../../../front/modules.ts';
import type { Func, GlobalVariable } from '../../../front/tree.ts';
import { bornByCode } from '../../../plan/birth.ts';
import { globalName } from '../../../plan/names.ts';
import { BodyEmitter } from './body.ts';
import { quoteText } from './literal.ts';
import type { Unit } from './unit.ts';
import { value } from './value.ts';

/** At the head of a function of an image: the globals that it uses have their values. */
export function emitBirths(b: BodyEmitter, func: Func): void {
  if (b.unit.options.kind !== 'image') return;
  for (const global of func.globals) {
    if (!bornByCode(global)) continue;
    const { flag, name } = b.unit.birth(global);
    b.put(`if (!*${flag}) ${name}();`);
  }
}

/** The functions that give values. */
export function emitBirthFunctions(unit: Unit, module: Module, done: Set<GlobalVariable>): boolean {
  let more = false;
  for (const [global, { flag, name }] of unit.births) {
    if (done.has(global) || global.initial === undefined) continue;
    done.add(global);
    more = true;
    const b = new BodyEmitter(unit, module);
    b.put(`static void ${name}(void) {`);
    const place = unit.globalPlace(global);
    b.put(`${place} = ${value(b, global.initial)};`);
    b.put(`*${flag} = 1;`);
    b.put('}');
    unit.prototypes.push(`static void ${name}(void);`);
    unit.code.push(...b.lines);
  }
  return more;
}

export function birthRow(global: GlobalVariable, module: Module, place: string): string {
  return `{${quoteText(`$born.${globalName(global, module)}`)}, "u8", 1, 1, ${place}, 0},`;
}
