import { DebugInfo } from '../dwarf/debug-info.ts';
import { At } from '../dwarf/numbers.ts';
import { inherited } from '../dwarf/scope.ts';
import { readVariables, type StaticVariable } from '../dwarf/variables.ts';
import { ByteReader } from '../image/byte-reader.ts';
import {
  type ElfFile,
  type ElfSymbol,
  SHF_ALLOC,
  SHF_WRITE,
  SHN_LORESERVE,
  STT_FILE,
  STT_OBJECT,
  STT_SECTION,
  STT_TLS,
} from './elf-file.ts';
import { type KeyedVariable, keyVariables, withoutBlocks } from './keys.ts';
import { type ListedVariable, VariableKind } from './list.ts';
import { findRemoved } from './removed.ts';
import { isConstant, typeText } from './types.ts';

/** What compilers and linkers put into an image for themselves: each image has its own. */
const own =
  /^(?:completed\.\d+|__dso_handle|DW\.ref\..*|_DYNAMIC|_GLOBAL_OFFSET_TABLE_|__TMC_END__|__bss_start|_edata|_end|__frame_dummy_init_array_entry|__do_global_dtors_aux_fini_array_entry)$/;
const ownSections = /^\.(?:got|got\.plt|dynamic|init_array|fini_array|ctors|dtors|tm_clone_table|data\.rel\.ro)$/;

/** The variables of a linked image, and which of them each of its symbols means. */
export interface ImageVariables {
  readonly variables: readonly ListedVariable[];
  /** By the symbol's number: the variable's number; -1: none of ours; a text: why that cannot be told. */
  readonly ofSymbol: readonly (number | string)[];
  readonly destroys: boolean;
}

/** Finds all variables that an image can write. @throws VaisError `image_invalid` */
export function findVariables(file: ElfFile, symbols: readonly ElfSymbol[]): ImageVariables {
  return new Finder(file, symbols).find();
}

class Finder {
  readonly #file: ElfFile;
  readonly #symbols: readonly ElfSymbol[];
  readonly #sealed: { readonly start: number; readonly end: number };
  readonly #variables: ListedVariable[] = [];
  readonly #data = new Map<number, number[]>();
  readonly #threads = new Map<number, number[]>();
  readonly #byName = new Map<string, number>();
  readonly #names: ReadonlyMap<string, number>;

  constructor(file: ElfFile, symbols: readonly ElfSymbol[]) {
    this.#file = file;
    this.#symbols = symbols;
    this.#sealed = file.sealed;
    const names = new Map<string, number>();
    for (const { name } of symbols) names.set(name, (names.get(name) ?? 0) + 1);
    this.#names = names;
  }

  find(): ImageVariables {
    const reader = new ByteReader(this.#file.bytes);
    const keyed = keyVariables(readVariables(reader).variables, this.#symbolsAt());
    for (const one of keyed) this.#addKnown(one);
    const known = new Set(keyed.map(({ variable }) => withoutBlocks(variable.key)));
    for (const { key, split } of findRemoved(new DebugInfo(reader), known)) {
      const kind = split ? VariableKind.lost : VariableKind.folded;
      this.#add({ key, kind, address: 0, size: 0, type: split ? inPieces : withoutStorage });
    }
    let unit = '';
    const first = this.#symbols.map((symbol): number | string => {
      if (symbol.type === STT_FILE) unit = symbol.name;
      return this.#meaning(symbol, unit);
    });
    // Guards come last: they are named after what they guard.
    const ofSymbol = this.#symbols.map((symbol, index) => {
      const meaning = first[index] ?? -1;
      if (!symbol.name.startsWith('_ZGV') || !this.#isVariable(symbol)) return meaning;
      return this.#guard(symbol);
    });
    const destroys = this.#symbols.some(({ name }) => name.startsWith('_ZGV')) && this.#names.has('__cxa_atexit');
    return { variables: this.#variables, ofSymbol, destroys };
  }

  #addKnown({ variable, key, note, lost }: KeyedVariable): void {
    const { die, address, threadLocal, section } = variable;
    const type = inherited(die, (entry) => entry.die(At.type));
    const isKept = threadLocal || (section?.writable === true && !this.#isSealed(address));
    if (!isKept) {
      if (!isConstant(type)) this.#add({ key, kind: VariableKind.folded, address: 0, size: 0, type: onlyRead });
      return;
    }
    const kind = threadLocal ? VariableKind.tls : VariableKind.data;
    const size = variable.size ?? 0;
    const number =
      lost === undefined
        ? this.#add({ key, kind, address, size, type: typeText(type) + note })
        : this.#add({ key, kind: VariableKind.lost, address: 0, size: 0, type: lost });
    this.#place(threadLocal, address, number);
  }

  /** The linker's names for what is where a variable is. */
  #symbolsAt(): (variable: StaticVariable) => readonly string[] {
    const names = new Map<string, string[]>();
    for (const { name, type, value } of this.#symbols) {
      if (type !== STT_OBJECT && type !== STT_TLS) continue;
      const place = `${type === STT_TLS} ${value}`;
      const there = names.get(place);
      if (there === undefined) names.set(place, [name]);
      else there.push(name);
    }
    return ({ threadLocal, address }) => names.get(`${threadLocal} ${address}`) ?? [];
  }

  #add(variable: ListedVariable): number {
    this.#variables.push(variable);
    return this.#variables.length - 1;
  }

  #place(threadLocal: boolean, address: number, number: number): void {
    const places = threadLocal ? this.#threads : this.#data;
    const there = places.get(address);
    if (there === undefined) places.set(address, [number]);
    else there.push(number);
  }

  #isSealed(address: number): boolean {
    return address >= this.#sealed.start && address < this.#sealed.end;
  }

  #isVariable({ type, section, value }: ElfSymbol): boolean {
    if (section === 0 || section >= SHN_LORESERVE) return false;
    if (type === STT_TLS) return true;
    const home = this.#file.sections[section];
    const writes = SHF_WRITE | SHF_ALLOC;
    return (
      home !== undefined && (home.flags & writes) === writes && !this.#isSealed(value) && !ownSections.test(home.name)
    );
  }

  #meaning(symbol: ElfSymbol, unit: string): number | string {
    const { name, type, value, size } = symbol;
    if (type === STT_FILE || own.test(name) || !this.#isVariable(symbol)) return -1;
    if (type === STT_SECTION)
      return `in ${this.#file.sections[symbol.section]?.name ?? 'a section'} it cannot be told which variable is meant: was all of it compiled with the flags?`;
    if (type !== STT_OBJECT && type !== STT_TLS) return `${name} is in a section for variables, and is none`;
    const there = (type === STT_TLS ? this.#threads : this.#data).get(value) ?? [];
    const fitting = there.find((one) => this.#variables[one]?.size === size) ?? (size === 0 ? undefined : there[0]);
    const number = fitting ?? (name.startsWith('_ZGV') ? -1 : this.#unknown(symbol, unit));
    if (!this.#byName.has(name)) this.#byName.set(name, number);
    return number;
  }

  /** One that no debug information tells of: the linker's name has to do, where it is no number of the compiler's. */
  #unknown({ name, type, value, size, local }: ElfSymbol, unit: string): number {
    const kind = type === STT_TLS ? VariableKind.tls : VariableKind.data;
    const key = local ? `${unit}:${name}` : name;
    const isNamed = !/\.\d+$/.test(name) && (!local || this.#names.get(name) === 1);
    const number = isNamed
      ? this.#add({ key, kind, address: value, size, type: `${size} bytes` })
      : this.#add({ key, kind: VariableKind.lost, address: 0, size: 0, type: withoutDebug });
    this.#place(type === STT_TLS, value, number);
    return number;
  }

  #guard({ name, type, value, size }: ElfSymbol): number {
    const guarded = this.#byName.get(`_Z${name.slice(4)}`);
    const of = guarded === undefined ? undefined : this.#variables[guarded];
    const kind = type === STT_TLS ? VariableKind.tls : VariableKind.data;
    return this.#add({ key: `guard of ${of?.key ?? name}`, kind, address: value, size, type: 'guard' });
  }
}

const onlyRead =
  'the compiler made a constant of it, as the new code never writes it. Declare it const if it is to take the new value, or volatile';
const withoutStorage =
  'the compiler left no storage for it, as the new code never writes or never reads it. Declare it const if it is to take the new value, or volatile';
const inPieces = 'the compiler took it to pieces, or stores it in another form. Declare it volatile, or without static';
const withoutDebug = 'nothing tells which one it is. Compile its file with -g';
