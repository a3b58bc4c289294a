import type { GlobalItem } from '../ast.ts';
import type { GlobalVariable } from '../tree.ts';
import { wrong } from '../types.ts';
import { constantBody, constantOf } from './constant.ts';
import { coerce } from './convert.ts';
import { resolveType } from './resolve.ts';
import type { Body, Checker, DeclaredOf } from './scope.ts';

/** The variable of a declared global; made on first use. */
export function globalOf(checker: Checker, declared: DeclaredOf<'global'>): GlobalVariable {
  if (declared.variable !== undefined) return declared.variable;
  const { item, module } = declared;
  if (declared.busy) {
    checker.report.error('E0308', item.name.span, `the global \`${item.name.text}\` depends on itself`);
    return { name: item.name.text, type: wrong, module, span: item.name.span, initial: undefined };
  }
  declared.busy = true;
  const variable = makeGlobal(checker, item, item.name.text, constantBody(checker, module, new Map(), item.name.span));
  declared.variable = variable;
  return variable;
}

/** `G name: T` inside a function: a global that only this function knows; it keeps its value like the others. */
export function declareGlobal(body: Body, item: GlobalItem): void {
  const name = `${body.func.name}.${item.name.text}`;
  const known = body.checker.globals.find((global) => global.name === name && global.module === body.module);
  if (known !== undefined && known.span.start !== item.name.span.start) {
    body.error('E0317', item.name.span, `\`${item.name.text}\` is declared twice in \`${body.func.name}\``);
  }
  const variable = known ?? makeGlobal(body.checker, item, name, body);
  body.statics.set(item.name.text, variable);
}

function makeGlobal(checker: Checker, item: GlobalItem, name: string, body: Body): GlobalVariable {
  const { module } = body;
  const type = resolveType(checker, module, item.type, body.typeNames);
  const variable: GlobalVariable = { name, type, module, span: item.name.span, initial: undefined };
  checker.globals.push(variable);
  if (item.value !== undefined && type.kind !== 'wrong') {
    const value = constantOf(checker, module, item.value, type, body.typeNames);
    if (value !== undefined) variable.initial = coerce(body, value, type, `\`${item.name.text}\` is declared so`);
  }
  return variable;
}
