import type { ByteReader } from '../image/byte-reader.ts';
import type { Section } from '../image/sections.ts';
import { DebugInfo } from './debug-info.ts';
import type { Die } from './die.ts';
import { At, Tag } from './numbers.ts';
import { type Found, open, scan } from './scan.ts';
import { inherited, isZig, linkageName, nameOf, scopeOf } from './scope.ts';
import { sizeOf } from './size.ts';

const DW_OP_addr = 0x03;
const DW_OP_const4u = 0x0c;
const DW_OP_const8u = 0x0e;
const DW_OP_form_tls_address = 0x9b;
const DW_OP_addrx = 0xa1;
const DW_OP_constx = 0xa2;
const DW_OP_GNU_push_tls_address = 0xe0;
const DW_OP_GNU_addr_index = 0xfb;
const DW_OP_GNU_const_index = 0xfc;

const DW_LANG_Rust = 0x1c;

/** A variable with static storage, as the debug information of an image tells it. */
export interface StaticVariable {
  /**
   * Names the variable across builds of the same module: namespaces, types, function, nested blocks by their position
   * among the blocks of the one around (`{1}`), and name; a variable that only its file sees has the file's name before it:
   * `game.c:step::{1}::count`. Two that cannot be told apart have the same key: see `ambiguous`. clang says of a variable
   * in a block only in which function it is.
   */
  readonly key: string;
  readonly name: string;
  /** The namespaces, types and functions around it, the outermost first. */
  readonly scope: readonly string[];
  /** The linker's name, where the debug information says one. */
  readonly linkageName: string | undefined;
  /** Where it is in the image as linked; for one with a copy in each thread, where it is in the thread's block. */
  readonly address: number;
  /** Bytes; undefined where the debug information does not say. */
  readonly size: number | undefined;
  readonly threadLocal: boolean;
  /** The loaded section that holds it; undefined for a thread's, and for what the linker threw away. */
  readonly section: Section | undefined;
  /** Whether other files see it by its name. */
  readonly external: boolean;
  /** The entry itself, to read its type. */
  readonly die: Die;
}

/** The variables of an image, and the keys that stand for more than one of them. */
export interface StaticVariables {
  readonly variables: readonly StaticVariable[];
  readonly ambiguous: ReadonlySet<string>;
}

/** Reads the variables with static storage of an image. @throws VaisError `image_invalid` */
export function readVariables(file: ByteReader): StaticVariables {
  const info = new DebugInfo(file);
  return variablesOf(info, scan(info, new Set()).variables);
}

/** The variables that a scan found. What the linker threw away is left out. */
export function variablesOf(info: DebugInfo, found: readonly Found[]): StaticVariables {
  const sections = info.sections.all.filter(({ loaded, memory }) => loaded && memory > 0);
  const byPlace = new Map<string, StaticVariable>();
  for (const one of found) {
    const variable = readVariable(info, sections, open(one));
    if (variable === undefined) continue;
    // A declaration in a header and the definition lead to one place: the one with a size says more.
    const place = `${variable.threadLocal} ${variable.address} ${variable.key}`;
    if ((byPlace.get(place)?.size ?? 0) <= (variable.size ?? 0)) byPlace.set(place, variable);
  }
  const variables = [...byPlace.values()];
  const seen = new Set<string>();
  const ambiguous = new Set<string>();
  for (const { key } of variables) {
    if (seen.has(key)) ambiguous.add(key);
    seen.add(key);
  }
  const told = tellApart(variables, ambiguous);
  return { variables: told, ambiguous: new Set([...ambiguous].filter((key) => told.some((one) => one.key === key))) };
}

/** Instances of a template have one name, and the linker's names tell them apart where all of them have one. */
function tellApart(variables: readonly StaticVariable[], ambiguous: ReadonlySet<string>): StaticVariable[] {
  const nameless = new Set(variables.filter((one) => one.linkageName === undefined).map(({ key }) => key));
  return variables.map((one) => {
    if (!ambiguous.has(one.key) || nameless.has(one.key)) return one;
    return { ...one, key: `${one.key} [${one.linkageName}]` };
  });
}

function readVariable(info: DebugInfo, sections: readonly Section[], die: Die): StaticVariable | undefined {
  const place = placeOf(info, die) ?? placeByName(info, die);
  const name = nameOf(die);
  if (place === undefined || name === undefined) return undefined;
  const { address, threadLocal } = place;
  const section = threadLocal
    ? undefined
    : sections.find((one) => address >= one.address && address < one.address + one.memory);
  if (!threadLocal && (section === undefined || address === 0)) return undefined;
  const { key, scope, external } = identify(die, name);
  const type = inherited(die, (one) => one.die(At.type));
  return {
    key,
    name,
    scope,
    linkageName: linkageName(die),
    address,
    size: type === undefined ? undefined : sizeOf(type),
    threadLocal,
    section,
    external,
    die,
  };
}

/** The name that a variable has across builds, whether or not it has a place; undefined for one without a name. */
export function variableKey(die: Die): string | undefined {
  const name = nameOf(die);
  return name === undefined ? undefined : identify(die, name).key;
}

function identify(die: Die, name: string): { key: string; scope: readonly string[]; external: boolean } {
  const external = inherited(die, (one) => (one.has(At.external) ? one.flag(At.external) : undefined)) === true;
  const scope = scopeOf(die);
  const path = [...scope, ...blocksOf(die), name].join('::');
  return { key: keyOf(die, path, external && !scope.includes('(anonymous)')), scope, external };
}

function keyOf(die: Die, path: string, external: boolean): string {
  // Rust's paths begin with the crate, and its units are cut anew in each build.
  if (external || die.unit.language === DW_LANG_Rust) return path;
  return isZig(die) ? (linkageName(die) ?? path) : `${unitName(die)}:${path}`;
}

/** Zig says of a variable no place but a name, which its symbol has as well. */
function placeByName(info: DebugInfo, die: Die): { address: number; threadLocal: boolean } | undefined {
  const name = die.has(At.location) || !isZig(die) ? undefined : linkageName(die);
  const address = name === undefined ? undefined : info.variableSymbol(name);
  return address === undefined ? undefined : { address, threadLocal: false };
}

/** The name of the unit's file, without its folder. */
export function unitName(die: Die): string {
  const name = die.unit.root.text(At.name) ?? '';
  return name.split(/[/\\]/).at(-1) ?? '';
}

/** For a variable in nested blocks of a function: which block on each level it is, counting those with variables. */
function blocksOf(die: Die): string[] {
  const blocks: string[] = [];
  let one = die.parent;
  for (let depth = 0; one?.tag === Tag.lexicalBlock && depth < 64; depth += 1) {
    const { offset } = one;
    const around: Die | undefined = one.parent;
    if (around === undefined) break;
    let position = 0;
    for (const child of around.children()) {
      if (child.offset === offset) break;
      if (child.tag === Tag.lexicalBlock) position += 1;
    }
    blocks.unshift(`{${position + 1}}`);
    one = around;
  }
  return blocks;
}

function placeOf(info: DebugInfo, die: Die): { address: number; threadLocal: boolean } | undefined {
  const expression = die.block(At.location);
  if (expression === undefined || expression.byteLength < 2) return undefined;
  const { unit } = die;
  const view = new DataView(expression.buffer, expression.byteOffset, expression.byteLength);
  const operation = expression[0];
  let address: number | undefined;
  let next = 1;
  switch (operation) {
    case DW_OP_addr:
      next += unit.addressSize;
      if (expression.byteLength < next) return undefined;
      address = unit.addressSize === 8 ? Number(view.getBigUint64(1, true)) : view.getUint32(1, true);
      break;
    case DW_OP_const4u:
      next = 5;
      if (expression.byteLength < next) return undefined;
      address = view.getUint32(1, true);
      break;
    case DW_OP_const8u:
      next = 9;
      if (expression.byteLength < next) return undefined;
      address = Number(view.getBigUint64(1, true));
      break;
    case DW_OP_addrx:
    case DW_OP_constx:
    case DW_OP_GNU_addr_index:
    case DW_OP_GNU_const_index: {
      let index = 0;
      for (let scale = 1; next < expression.byteLength; scale *= 128) {
        const byte = expression[next] ?? 0;
        next += 1;
        index += (byte & 0x7f) * scale;
        if (byte < 0x80) break;
      }
      address = info.indexedAddress(unit, index);
      break;
    }
    default:
      return undefined;
  }
  const then = expression[next];
  const threadLocal = then === DW_OP_form_tls_address || then === DW_OP_GNU_push_tls_address;
  const plain = operation === DW_OP_addr || operation === DW_OP_addrx || operation === DW_OP_GNU_addr_index;
  // Anything else is computed: part of another variable, say.
  if (!threadLocal && (!plain || next !== expression.byteLength)) return undefined;
  return { address, threadLocal };
}
