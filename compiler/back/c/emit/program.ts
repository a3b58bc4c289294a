import { layoutOf } from '../../../front/layout.ts';
import type { Module } from '../../../front/modules.ts';
import type { Func, Program } from '../../../front/tree.ts';
import type { Type } from '../../../front/types.ts';
import { holdsAddress } from '../../../plan/birth.ts';
import { hotFunctions, hotModules } from '../../../plan/hot.ts';
import { globalName, offeredName } from '../../../plan/names.ts';
import { needsFollowing, needsSafePoints } from '../../../plan/safe-point.ts';
import { birthRow } from './birth.ts';
import { assemble, emitFunctions } from './file.ts';
import { contractData, functionTable, type ImageFacts } from './image.ts';
import { initializer } from './initializer.ts';
import { quote, quoteText } from './literal.ts';
import { moduleSymbol } from './names.ts';
import { type EmitOptions, Unit } from './unit.ts';

/** The C of a program: its own code, version 1 of each hot module, the thunks, and `main`. */
export function emitProgram(
  program: Program,
  main: Func,
  options: EmitOptions,
  facts: (module: Module, unit: Unit) => ImageFacts,
): { c: string; unit: Unit; runtime: boolean } {
  const unit = new Unit(program, options);
  const mainName = unit.codeName(main, undefined);
  const modules = options.release ? [] : hotModules(program);
  const code = new Map<Func, string>();
  for (const module of modules) {
    for (const func of hotFunctions(program, module)) {
      code.set(func, unit.codeName(func, module));
      unit.thunkName(func);
    }
  }
  const safePoints = modules.length > 0 && needsSafePoints(program);
  emitFunctions(unit, safePoints);
  const thunks = modules.flatMap((module) =>
    emitModule(unit, module, hotFunctions(program, module), code, facts(module, unit)),
  );
  const runtime = modules.length > 0 || unit.hotCalls.size > 0;
  const globals = [...unit.globals].map(([global, name]) => {
    const initial = global.initial === undefined ? '' : ` = ${initializer(unit, global.initial)}`;
    return `static ${unit.type(global.type)} ${name}${initial};`;
  });
  // Initial values may name functions that nothing calls.
  emitFunctions(unit, safePoints);
  const thunkPrototypes = [...unit.thunks].map(([func, name]) => `${thunkHead(unit, func, name)};`);
  const foreigns = [...unit.foreigns.values()].map((foreign) => {
    const params = [...foreign.type.params.map((param) => unit.type(param)), ...(foreign.variadic ? ['...'] : [])];
    return `${unit.type(foreign.type.result)} ${foreign.name}(${params.join(', ') || 'void'});`;
  });
  unit.data.unshift(...foreigns, ...thunkPrototypes);
  unit.data.push(...globals);
  const list = modules.map((module) => `&module_${moduleSymbol(module)}`).join(', ');
  const start = modules.length > 0 ? [`static hot_module *const vais_modules[] = {${list}};`] : [];
  const register = !runtime
    ? ''
    : modules.length > 0
      ? `hot_program(argc, argv, vais_modules, ${modules.length}); ${needsFollowing(program) ? 'hot_beside(); ' : ''}`
      : 'hot_program(argc, argv, 0, 0); ';
  const args = main.params.length > 0 ? `(i64)argc, (${unit.type(main.params[1]?.type ?? main.type)})argv` : '';
  const call =
    main.type.result.kind === 'void' ? `${mainName}(${args}); return 0;` : `return (int)${mainName}(${args});`;
  const tail = [...thunks, ...start, `int main(int argc, char **argv) { ${register}${call} }`];
  return { c: assemble(unit, [...(runtime ? [] : ['#define HOT_IMAGE']), '#include "hot.h"'], tail), unit, runtime };
}

function thunkHead(unit: Unit, func: Func, name: string): string {
  const params = func.params.map((param, index) => `${unit.type(param.type)} a${index}`).join(', ') || 'void';
  // Static, as the runtime beside it may call a function of libc that has the same name.
  return `static ${unit.type(func.type.result)} ${name}(${params})`;
}

function emitModule(
  unit: Unit,
  module: Module,
  hot: readonly Func[],
  code: ReadonlyMap<Func, string>,
  facts: ImageFacts,
): string[] {
  const symbol = moduleSymbol(module);
  const thunks = hot.flatMap((func, slot) => emitThunk(unit, module, func, slot));
  const globals = globalTable(unit, module);
  const offers = offerTable(unit, module);
  return [
    `static hot_module module_${symbol};`,
    `HOT_MODULE_THREAD(module_${symbol}, thread_${symbol})`,
    ...thunks,
    ...functionTable(
      `functions_${symbol}`,
      hot,
      hot.map((func) => code.get(func) ?? '0'),
    ),
    ...globals.lines,
    ...offers.lines,
    ...contractData(`contract_${symbol}`, facts),
    `static const hot_image image_${symbol} = {HOT_ABI, sizeof(hot_image), ${quoteText(module.name)}, "${facts.buildId}", "${facts.triple}", contract_${symbol}, sizeof contract_${symbol}, 2, ${hot.length}, functions_${symbol}, ${globals.count}, 0, ${globals.count > 0 ? `globals_${symbol}` : '0'}, 0, 0};`,
    `static hot_module module_${symbol} = {HOT_ABI, sizeof(hot_module), &image_${symbol}, ${offers.count > 0 ? `offers_${symbol}` : '0'}, ${offers.count}, thread_${symbol}, 0};`,
  ];
}

/** As the manual in hot.h draws it: the plain way inline, the guarded and the first call through the runtime. */
function emitThunk(unit: Unit, module: Module, func: Func, slot: number): string[] {
  const thunk = unit.thunkName(func);
  const result = unit.type(func.type.result);
  const gives = func.type.result.kind !== 'void';
  const types = func.type.params;
  const pointer = `((${unit.type(func.type)})`;
  const args = types.map((_, index) => `a${index}`).join(', ');
  const members = [
    ...(gives ? [`${result} result;`] : []),
    ...types.map((type, index) => `${unit.type(type)} a${index};`),
  ];
  const reaches = types.flatMap((type, index) => {
    const size = reachSize(type);
    return size === undefined ? [] : [`{HOT_OFFSET(struct call_${thunk}, a${index}), ${size}}`];
  });
  const value = gives ? result : 'char';
  const again = `${pointer}f)(${types.map((_, index) => `c->a${index}`).join(', ')})`;
  const site = `&site_${thunk}`;
  return [
    `struct call_${thunk} { ${members.join(' ') || 'char nothing;'} };`,
    `static ${result} tail_${thunk}(hot_address f, void *call) { struct call_${thunk} *c = (struct call_${thunk} *)call; (void)c; ${gives ? 'return ' : ''}${again}; }`,
    `static void run_${thunk}(hot_address f, void *call) { ${gives ? `((struct call_${thunk} *)call)->result = ` : ''}tail_${thunk}(f, call); }`,
    ...(reaches.length === 0 ? [] : [`static const hot_reach reach_${thunk}[] = {${reaches.join(', ')}};`]),
    `static const hot_site site_${thunk} = {${slot}, ${reaches.length}, run_${thunk}, ${reaches.length > 0 ? `reach_${thunk}` : '0'}, (hot_address)tail_${thunk}};`,
    `HOT_SHORTCUT_AS(${result}, short_${thunk})`,
    `${thunkHead(unit, func, thunk)} {`,
    `hot_thread *t = thread_${moduleSymbol(module)}(); struct call_${thunk} c;`,
    `if (HOT_PLAIN(t)) { ${gives ? `${result} r; ` : ''}HOT_ENTER(t); ${gives ? 'r = ' : ''}${pointer}HOT_SLOT(t, ${slot}))(${args}); HOT_LEAVE(t); return${gives ? ' r' : ''}; }`,
    types.map((_, index) => `c.a${index} = a${index};`).join(' '),
    `if (HOT_SHORTCUT(t, ${value})) ${gives ? 'return ' : '{ '}HOT_BY_SHORTCUT(short_${thunk}, tail_${thunk}, t, ${slot}, ${site}, &c);${gives ? '' : ' return; }'}`,
    `hot_call(&module_${moduleSymbol(module)}, t, ${site}, &c);${gives ? ' return c.result;' : ''}`,
    '}',
  ];
}

/** What an undone call puts back: the struct that a pointer argument points to, in bytes. */
function reachSize(type: Type): number | undefined {
  if (type.kind !== 'pointer') return undefined;
  return ['struct', 'enum', 'array'].includes(type.to.kind) ? layoutOf(type.to).size : undefined;
}

/** Every global of the program, so that any later image of this module finds it, whoever declared it. */
function globalTable(unit: Unit, module: Module): { lines: string[]; count: number } {
  const lines: string[] = [];
  const rows: string[] = [];
  for (const global of unit.program.globals) {
    if (global.type.kind === 'wrong') continue;
    const place = unit.globalPlace(global);
    const pointer = `place_${moduleSymbol(module)}_${rows.length}`;
    const { size, align } = layoutOf(global.type);
    lines.push(`static void *${pointer} = &${place};`);
    rows.push(
      `{${quoteText(globalName(global, module))}, ${quote(global.type.name)}, ${size}, ${align}, &${pointer}, 0},`,
    );
    if (!holdsAddress(global.type)) continue;
    // However a later image writes its first value: it has one.
    lines.push(`static unsigned char born_${pointer} = 1; static void *flag_${pointer} = &born_${pointer};`);
    rows.push(birthRow(global, module, `&flag_${pointer}`));
  }
  if (rows.length > 0) lines.push(`static const hot_global globals_${moduleSymbol(module)}[] = {`, ...rows, '};');
  return { lines, count: rows.length };
}

/** Functions of the program that images may reach: foreign ones, and the thunks of all hot functions. */
function offerTable(unit: Unit, module: Module): { lines: string[]; count: number } {
  const rows = [
    ...[...unit.foreigns.keys()].map((name) => `{${quote(name)}, (hot_address)${name}},`),
    ...[...unit.thunks].map(([func, name]) => `{${quoteText(offeredName(func))}, (hot_address)${name}},`),
    '{"hot_state", (hot_address)hot_state},',
  ];
  return { lines: [`static const hot_offer offers_${moduleSymbol(module)}[] = {`, ...rows, '};'], count: rows.length };
}
