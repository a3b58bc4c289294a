import { basename } from 'node:path';
import type {
  Contract,
  ContractField,
  ContractGlobal,
  ContractStruct,
  Place,
} from '../../artifact/contract/contract.ts';
import { children } from '../front/children.ts';
import { hasPayload, layoutOf, offsets, payloadOffset } from '../front/layout.ts';
import type { Module } from '../front/modules.ts';
import type { Span } from '../front/source.ts';
import type { Func, Program, Tree } from '../front/tree.ts';
import { type EnumType, type StructType, signature, type Type } from '../front/types.ts';
import { hotFunctions } from './hot.ts';
import { globalName } from './names.ts';

type Named = StructType | EnumType;

/** What the image of a module promises. The build id and the compiler are filled in by who builds it. */
export function contractOf(
  program: Program,
  module: Module,
  facts: Pick<Contract, 'triple' | 'tier' | 'compiler' | 'buildId'>,
): Contract {
  const hot = hotFunctions(program, module);
  const inside = reach(hot, true);
  const bound = new Set(inside.flatMap((func) => [...func.globals]));
  const globals = program.globals.filter((global) => global.module === module || bound.has(global));
  const held = new Set<Named>();
  for (const func of hot) for (const type of [...func.type.params, func.type.result]) gather(type, held);
  for (const global of globals) gather(global.type, held);
  if (program.main !== undefined) for (const func of reach([program.main], false)) gatherBody(func, held);
  const used = new Set(held);
  for (const func of inside) gatherBody(func, used);
  return {
    format: 1,
    module: module.name,
    ...facts,
    origin: 'stated',
    source: basename(module.path),
    functions: hot.map((func) => ({
      name: func.name,
      type: signature(func.type.params, func.type.result),
      text: func.item?.text ?? func.name,
      at: placeOf(func.span),
    })),
    structs: [...used].sort(byPlace).map((type) => structOf(type, held.has(type))),
    enums: [],
    globals: globals.map(
      (global): ContractGlobal => ({
        name: globalName(global, module),
        type: global.type.name,
        size: layoutOf(global.type).size,
        at: placeOf(global.span),
      }),
    ),
  };
}

function byPlace(a: Named, b: Named): number {
  if (a.module !== b.module) return a.module.name < b.module.name ? -1 : 1;
  return a.item.name.span.start - b.item.name.span.start || (a.name < b.name ? -1 : 1);
}

function placeOf(span: Span): Place {
  const place = span.source.place(span.start);
  return { ...place, file: basename(place.file) };
}

/** The functions that these call, themselves included; a call of a hot function is followed only inside an image. */
function reach(from: readonly Func[], hot: boolean): Func[] {
  const seen = new Set<Func>();
  const visit = (func: Func): void => {
    if (seen.has(func)) return;
    seen.add(func);
    for (const called of func.calls) if (hot || !called.hot) visit(called);
  };
  for (const func of from) visit(func);
  return [...seen];
}

function gatherBody(func: Func, into: Set<Named>): void {
  for (const param of func.params) gather(param.type, into);
  const visit = (tree: Tree): void => {
    gather(tree.type, into);
    for (const child of children(tree)) visit(child);
  };
  if (func.body !== undefined) visit(func.body);
}

/** The structs and enums in a type, with those that they hold or point to. */
function gather(type: Type, into: Set<Named>): void {
  switch (type.kind) {
    case 'pointer':
      gather(type.to, into);
      return;
    case 'array':
    case 'slice':
      gather(type.element, into);
      return;
    case 'fn':
      for (const part of [...type.params, type.result]) gather(part, into);
      return;
    case 'struct':
    case 'enum':
      if (into.has(type)) return;
      into.add(type);
      for (const field of type.kind === 'struct' ? type.fields : type.variants.flatMap((variant) => variant.fields)) {
        gather(field.type, into);
      }
  }
}

function structOf(type: Named, held: boolean): ContractStruct {
  const { size, align } = layoutOf(type);
  const fields = type.kind === 'struct' ? structFields(type) : enumFields(type);
  return { name: type.name, size, align, held, fields, at: placeOf(type.item.name.span) };
}

function structFields(type: StructType): ContractField[] {
  const starts = offsets(type.fields);
  return type.fields.map((field, index) => ({
    name: field.name,
    type: field.type.name,
    offset: starts[index] ?? 0,
    at: placeOf(field.span),
  }));
}

/** An enum as a struct of its tag and, for each variant, its number and what it holds. */
function enumFields(type: EnumType): ContractField[] {
  const start = hasPayload(type) ? payloadOffset(type) : 0;
  const fields: ContractField[] = [{ name: 'tag', type: 'i32', offset: 0 }];
  for (const variant of type.variants) {
    fields.push({ name: variant.name, type: `variant ${variant.tag}`, offset: 0, at: placeOf(variant.span) });
    const starts = offsets(variant.fields);
    for (const [index, field] of variant.fields.entries()) {
      fields.push({
        name: `${variant.name}.${field.name}`,
        type: field.type.name,
        offset: start + (starts[index] ?? 0),
        at: placeOf(field.span),
      });
    }
  }
  return fields;
}
