import { createHash } from 'node:crypto';
import { layoutOf } from '../../../front/layout.ts';
import type { Module } from '../../../front/modules.ts';
import type { Func, GlobalVariable, Program } from '../../../front/tree.ts';
import { signature } from '../../../front/types.ts';
import { bornByCode } from '../../../plan/birth.ts';
import { hotFunctions } from '../../../plan/hot.ts';
import { globalName } from '../../../plan/names.ts';
import { segmentRoom } from '../tool/stack.ts';
import { birthRow, emitBirthFunctions } from './birth.ts';
import { assemble, emitFunctions } from './file.ts';
import { initializer } from './initializer.ts';
import { quote, quoteText } from './literal.ts';
import { type EmitOptions, Unit } from './unit.ts';

/** What an image says of itself beside its code. */
export interface ImageFacts {
  readonly module: string;
  readonly triple: string;
  readonly tier: 'fast' | 'optimized';
  readonly buildId: string;
  /** The contract's records, each one JSON object. */
  readonly records: readonly string[];
}

/** The C of an image: the hot functions of a module and all that they reach. */
export function emitImage(
  program: Program,
  module: Module,
  options: EmitOptions,
  facts: (unit: Unit) => ImageFacts,
): { c: string; unit: Unit } {
  const unit = new Unit(program, options);
  const hot = hotFunctions(program, module);
  const names = hot.map((func) => unit.codeName(func, module));
  const born = new Set<GlobalVariable>();
  // Giving a value may need functions, which may use further globals.
  do emitFunctions(unit, false);
  while (emitBirthFunctions(unit, module, born));
  const tail = [...globalTable(unit, module), ...imageTables(unit, hot, names, facts(unit))];
  return {
    c: assemble(
      unit,
      ['#define HOT_IMAGE', '#include "hot.h"', segmentRoom, 'static const hot_api *vais_api;', ...globalSlots(unit)],
      tail,
    ),
    unit,
  };
}

function globalSlots(unit: Unit): string[] {
  return [...unit.strings.values()].map((slot) => `static signed char *${slot};`);
}

/** The image's globals, then the strings that must outlive it: those are globals too, named after their content. */
function globalTable(unit: Unit, module: Module): string[] {
  const rows: string[] = [];
  const data: string[] = [];
  for (const [global, name] of unit.globals) {
    const type = unit.type(global.type);
    unit.data.push(`static ${type} *${name};`);
    const { size, align } = layoutOf(global.type);
    let initial = '0';
    if (global.initial !== undefined && !bornByCode(global)) {
      initial = `&${name}_initial`;
      data.push(`static const ${type} ${name}_initial = ${initializer(unit, global.initial)};`);
    }
    rows.push(
      `{${quoteText(globalName(global, module))}, ${quote(global.type.name)}, ${size}, ${align}, (void **)&${name}, ${initial}},`,
    );
  }
  for (const [global, { flag }] of unit.births) rows.push(birthRow(global, module, `(void **)&${flag}`));
  for (const [bytes, slot] of unit.strings) {
    const key = createHash('sha256').update(bytes, 'latin1').digest('hex').slice(0, 24);
    rows.push(
      `{"$text.${key}", "[i8; ${bytes.length + 1}]", ${bytes.length + 1}, 1, (void **)&${slot}, ${quote(bytes)}},`,
    );
  }
  return rows.length === 0 ? data : [...data, 'static const hot_global vais_globals[] = {', ...rows, '};'];
}

function imageTables(unit: Unit, hot: readonly Func[], names: readonly string[], facts: ImageFacts): string[] {
  const globals = unit.globals.size + unit.births.size + unit.strings.size;
  const slots = [...unit.slots];
  return [
    ...functionTable('vais_functions', hot, names),
    ...(slots.length === 0
      ? []
      : [
          'static const hot_foreign vais_foreigns[] = {',
          ...slots.map(([name, slot]) => `{${quoteText(name)}, &${slot}},`),
          '};',
        ]),
    ...contractData('vais_contract_data', facts),
    'HOT_EXPORT extern const hot_image vais_hot_image;',
    `const hot_image vais_hot_image = {HOT_ABI, sizeof(hot_image), ${quoteText(facts.module)}, "${facts.buildId}", "${facts.triple}", vais_contract_data, sizeof vais_contract_data, ${facts.tier === 'fast' ? 1 : 2}, ${hot.length}, vais_functions, ${globals}, ${slots.length}, ${globals > 0 ? 'vais_globals' : '0'}, ${slots.length > 0 ? 'vais_foreigns' : '0'}, &vais_api};`,
  ];
}

export function functionTable(name: string, hot: readonly Func[], code: readonly string[]): string[] {
  const rows = hot.map(
    (func, index) =>
      `{${quote(func.name)}, ${quote(signature(func.type.params, func.type.result))}, (hot_address)${code[index] ?? '0'}},`,
  );
  return [`static const hot_function ${name}[] = {`, ...rows, '};'];
}

/** The records, each ended by a NUL, the last one's being that of the string literal. */
export function contractData(name: string, facts: ImageFacts): string[] {
  const last = facts.records.length - 1;
  const texts = facts.records.map((record, index) => quoteText(record + (index < last ? '\0' : '')));
  return [`static const char ${name}[] HOT_CONTRACT =`, `${texts.join('\n')};`];
}
