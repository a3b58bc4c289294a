/** The contract of an image in C, C++, Rust or Zig, read from its debug information. Read first: the rest are its words. */
import {
  type Contract,
  type ContractEnum,
  type ContractFunction,
  type ContractGlobal,
  type ContractStruct,
  unknownType,
} from '../contract/contract.ts';
import type { ByteReader } from '../image/byte-reader.ts';
import { DebugInfo } from './debug-info.ts';
import { Definitions } from './definitions.ts';
import type { Die } from './die.ts';
import { type HotFunction, hotFunctions, noDebugInformation } from './functions.ts';
import { declaredAt, readEnum, readStruct } from './layouts.ts';
import { At, Tag } from './numbers.ts';
import { placeOf } from './place.ts';
import { scan } from './scan.ts';
import { isZig, nameOf, qualifiedName } from './scope.ts';
import { parametersOf, Types, typeOf } from './types.ts';
import { type StaticVariable, unitName, variablesOf } from './variables.ts';

/** What the image itself does not tell. */
export interface ContractFacts {
  readonly module: string;
  readonly triple: string;
  readonly buildId: string;
}

/**
 * Reads what an image promises: the signatures of its hot functions, the variables with static storage that it may write, and
 * every record and enum that can be reached from them. Only what is reached is read.
 *
 * @throws VaisError `contract_missing` where the image has no debug information, or none of a hot function; `image_invalid`
 * where it is damaged or of a kind that we do not read
 */
export function debugContract(file: ByteReader, facts: ContractFacts): Contract {
  const info = new DebugInfo(file);
  const symbols = info.exported.filter(({ kind }) => kind === 'function');
  if (!info.present) throw noDebugInformation();
  const found = scan(info, new Set(symbols.map(({ address }) => address)));
  const hot = hotFunctions(symbols, found);
  if (hot.every((one) => one.die === undefined)) {
    info.requireWhole();
    throw noDebugInformation(info.otherVersions);
  }
  const types = new Types(new Definitions(found.definitions));
  const functions = hot.map((one) => readFunction(one, types));
  const { variables, ambiguous } = variablesOf(info, found.variables);
  const globals = variables
    .filter((one) => isKept(one) && !ambiguous.has(one.key))
    .map((one) => readGlobal(one, types))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const structs: ContractStruct[] = [];
  const enums: ContractEnum[] = [];
  for (let type = types.next(); type !== undefined; type = types.next()) {
    if (type.die.tag === Tag.enumeration) enums.push(readEnum(type));
    else structs.push(readStruct(type, types));
  }
  const first = hot.find((one) => one.die !== undefined);
  return {
    format: 1,
    ...facts,
    tier: 'optimized',
    origin: 'debug',
    compiler: compilerOf(first?.die),
    source: sourceOf(
      functions.find(({ at }) => at !== undefined),
      first?.die,
    ),
    functions,
    structs,
    enums,
    globals,
  };
}

function readFunction({ die, name, symbol }: HotFunction, types: Types): ContractFunction {
  if (die === undefined) return { name, type: unknownType, text: `${name}: no debug information` };
  const parameters = parametersOf(die).map((one, index) => {
    const type = typeOf(one);
    const shown = nameOf(one);
    const text = type === undefined ? '...' : types.text(type, `${name}.${index + 1}`);
    return shown === undefined ? text : `${shown}: ${text}`;
  });
  const result = typeOf(die);
  const tail = result === undefined ? '' : ` -> ${types.text(result, `${name}.result`)}`;
  return {
    name,
    ...(symbol === name ? {} : { symbol }),
    type: types.signature(die, name),
    text: `${name}(${parameters.join(', ')})${tail}`,
    ...declaredAt(die),
  };
}

function readGlobal({ key, size, die }: StaticVariable, types: Types): ContractGlobal {
  return { name: key, type: types.text(typeOf(die), qualifiedName(die) ?? key), size: size ?? 0, ...declaredAt(die) };
}

/** Whether the variable may hold state: constants take the new value, and a library's own variables are its own. */
function isKept({ section, threadLocal, scope, die }: StaticVariable): boolean {
  if (scope[0] === 'std' || scope[0] === '__gnu_cxx' || scope[0] === 'core' || scope[0] === 'alloc') return false;
  // Zig compiles its library into the image, without a namespace of its own.
  if (isZig(die) && /\/lib\/(?:std|compiler_rt)[/.]/.test(placeOf(die)?.file ?? '')) return false;
  return (
    threadLocal ||
    (section?.writable === true && !/^\.(?:data\.rel\.ro|init_array|fini_array|CRT|tls)/.test(section.name))
  );
}

/** The file of the first function, without its folder; a unit of Rust's has no file's name. */
function sourceOf(fn: ContractFunction | undefined, die: Die | undefined): string {
  const file = fn?.at?.file.split(/[/\\]/).at(-1) ?? (die === undefined ? '' : unitName(die));
  return file === '' || file.length > 255 ? '(unknown)' : file;
}

/** What built it, without its flags: `GNU C17 12.2.0`. */
function compilerOf(die: Die | undefined): string {
  const producer = die?.unit.root.text(At.producer) ?? '';
  const words = producer
    .split(/ -[a-zA-Z-]/)[0]
    ?.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?')
    .trim();
  return words === undefined || words === '' ? '(unknown)' : words.slice(0, 80);
}
