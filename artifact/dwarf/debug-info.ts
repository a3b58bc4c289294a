import type { ByteReader } from '../image/byte-reader.ts';
import { type ImageSymbol, readSymbols } from '../image/exports.ts';
import { type AbbreviationTable, readAbbreviations } from './abbreviations.ts';
import { DebugBytes } from './bytes.ts';
import { DebugSections, damagedDebug, unreadableDebug } from './debug-sections.ts';
import type { Die } from './die.ts';
import { Form } from './numbers.ts';
import { readSources, type Sources } from './sources.ts';
import { Unit, type UnitHeader } from './unit.ts';
import { ScopeTable, type Visit, walk } from './walk.ts';

const DW_UT_compile = 1;
const DW_UT_type = 2;
const DW_UT_partial = 3;
const DW_UT_skeleton = 4;
const DW_UT_splitCompile = 5;
const DW_UT_splitType = 6;

/** All debug information of an image. Headers of units are read at once, everything else when it is asked for. */
export class DebugInfo {
  readonly sections: DebugSections;
  readonly units: readonly Unit[];
  readonly strings: DebugBytes;
  readonly lineStrings: DebugBytes;
  /** Versions of units that were passed over, since we do not read them. */
  readonly otherVersions: ReadonlySet<number>;
  readonly #info: DebugBytes;
  readonly #abbreviations: DebugBytes;
  readonly #stringOffsets: DebugBytes;
  readonly #addresses: DebugBytes;
  readonly #tables = new Map<string, AbbreviationTable>();
  readonly #types = new Map<bigint, Unit>();
  readonly #scopes = new Map<DebugBytes, ScopeTable>();
  readonly #file: ByteReader;
  #exported: readonly ImageSymbol[] | undefined;
  #symbols: readonly ImageSymbol[] | undefined;
  #variableSymbols: ReadonlyMap<string, number> | undefined;

  /** @throws VaisError `image_invalid` */
  constructor(file: ByteReader) {
    this.#file = file;
    this.sections = new DebugSections(file);
    const open = (name: Parameters<DebugSections['get']>[0]) =>
      new DebugBytes(this.sections.get(name), `.debug_${name}`);
    this.#info = open('info');
    this.#abbreviations = open('abbrev');
    this.#stringOffsets = open('str_offsets');
    this.#addresses = open('addr');
    this.strings = open('str');
    this.lineStrings = open('line_str');
    const others = new Set<number>();
    this.units = [...this.#readUnits(this.#info, false, others), ...this.#readUnits(open('types'), true, others)];
    this.otherVersions = others;
    for (const unit of this.units) {
      const { signature } = unit.header;
      if (signature !== undefined) this.#types.set(signature, unit);
    }
  }

  get present(): boolean {
    return this.sections.present;
  }

  /** The symbols that the image defines. */
  get #all(): readonly ImageSymbol[] {
    this.#symbols ??= readSymbols(this.#file, this.sections.all, 'all');
    return this.#symbols;
  }

  /** Those that the loader finds by their names. */
  get exported(): readonly ImageSymbol[] {
    this.#exported ??= readSymbols(this.#file, this.sections.all, 'exported').filter(({ exported }) => exported);
    return this.#exported;
  }

  /** Where the variable with this name of the linker's is. */
  variableSymbol(name: string): number | undefined {
    this.#variableSymbols ??= new Map(
      this.#all.filter(({ kind }) => kind === 'variable').map((one) => [one.name, one.address]),
    );
    return this.#variableSymbols.get(name);
  }

  /** The scopes of a section. */
  scopesOf(section: DebugBytes): ScopeTable {
    if (this.#scopes.size === 0) this.walk(() => [new Uint8Array(), () => undefined]);
    return this.#scopes.get(section) ?? new ScopeTable(0);
  }

  /** Goes through all units, each by what `plan` says of it: see `walk`. The first time, that also finds all scopes. */
  walk(plan: (unit: Unit) => readonly [wanted: Uint8Array, visit: Visit]): void {
    const isFirst = this.#scopes.size === 0;
    for (const unit of this.units) {
      if (isFirst && !this.#scopes.has(unit.section)) this.#scopes.set(unit.section, new ScopeTable(unit.section.size));
      walk(unit, isFirst ? this.#scopes.get(unit.section) : undefined, ...plan(unit));
    }
  }

  /** @throws VaisError `image_invalid` where the rest of a unit is in another file */
  requireWhole(): void {
    for (const unit of this.units) unit.requireWhole();
  }

  keyOf(unit: Unit, offset: number): number {
    return unit.section === this.#info ? offset : this.#info.size + offset;
  }

  abbreviationsOf({ abbreviationOffset: offset, offsetSize, addressSize }: UnitHeader): AbbreviationTable {
    const key = `${offset} ${offsetSize} ${addressSize}`;
    let table = this.#tables.get(key);
    if (table === undefined) {
      table = readAbbreviations(this.#abbreviations, offset, offsetSize, addressSize);
      this.#tables.set(key, table);
    }
    return table;
  }

  sourcesOf(unit: Unit): Sources {
    return readSources(this, unit);
  }

  /** The entry at this place of `.debug_info`. */
  dieAt(offset: number): Die {
    let low = 0;
    let high = this.units.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const unit = this.units[middle];
      if (unit !== undefined && unit.section === this.#info && unit.header.end <= offset) low = middle + 1;
      else high = middle;
    }
    const unit = this.units[low];
    if (unit === undefined || unit.section !== this.#info) throw damagedDebug(`a reference leads to byte ${offset}`);
    return unit.dieAt(offset);
  }

  /** The type of a type unit. */
  typeOf(signature: bigint): Die | undefined {
    const unit = this.#types.get(signature);
    return unit?.dieAt(unit.header.offset + (unit.header.typeOffset ?? 0));
  }

  indexedText(unit: Unit, index: number): string {
    return this.strings.text(this.textOffset(unit, index));
  }

  /** Where a text is that a unit names by its number. */
  textOffset(unit: Unit, index: number): number {
    return this.#stringOffsets.unsigned(unit.stringBase + index * unit.offsetSize, unit.offsetSize);
  }

  /** An address, by the form that it has in a unit; undefined for any other form. */
  address(unit: Unit, form: number, at: number): number | undefined {
    const { section } = unit;
    switch (form) {
      case Form.addr:
        return section.unsigned(at, unit.addressSize);
      case Form.addrx:
      case Form.gnuAddrIndex:
        return this.indexedAddress(unit, section.leb(at));
      case Form.addrx1:
      case Form.addrx2:
      case Form.addrx3:
      case Form.addrx4:
        return this.indexedAddress(unit, section.unsigned(at, form - Form.addrx1 + 1));
      default:
        return undefined;
    }
  }

  indexedAddress(unit: Unit, index: number): number {
    return this.#addresses.unsigned(unit.addressBase + index * unit.addressSize, unit.addressSize);
  }

  *#readUnits(section: DebugBytes, types: boolean, others: Set<number>): Generator<Unit> {
    for (let offset = 0; offset + 11 <= section.size; ) {
      const wide = section.unsigned(offset, 4) === 0xffffffff;
      const body = offset + (wide ? 12 : 4);
      const end = body + section.unsigned(wide ? offset + 4 : offset, wide ? 8 : 4);
      if (end > section.size || end <= body)
        throw damagedDebug(`a unit at byte ${offset} of ${section.name} is too long`);
      const version = section.unsigned(body, 2);
      if (version === 4 || version === 5) {
        yield new Unit(this, section, readHeader(section, { offset, body, end, wide, version, types }));
      } else others.add(version);
      offset = end;
    }
  }
}

interface Beginning {
  readonly offset: number;
  readonly body: number;
  readonly end: number;
  readonly wide: boolean;
  readonly version: number;
  readonly types: boolean;
}

function readHeader(section: DebugBytes, { offset, body, end, wide, version, types }: Beginning): UnitHeader {
  const offsetSize = wide ? 8 : 4;
  const kind = version === 5 ? section.unsigned(body + 2, 1) : types ? DW_UT_type : DW_UT_compile;
  let at = body + 2;
  let abbreviationOffset: number;
  let addressSize: number;
  if (version === 5) {
    addressSize = section.unsigned(at + 1, 1);
    abbreviationOffset = section.unsigned(at + 2, offsetSize);
    at += 2 + offsetSize;
  } else {
    abbreviationOffset = section.unsigned(at, offsetSize);
    addressSize = section.unsigned(at + offsetSize, 1);
    at += offsetSize + 1;
  }
  if (kind === DW_UT_skeleton || kind === DW_UT_splitCompile || kind === DW_UT_splitType)
    throw unreadableDebug('is split: it is in .dwo or .dwp files', 'Build without `-gsplit-dwarf`.');
  if (addressSize !== 8 && addressSize !== 4) throw damagedDebug(`a unit has addresses of ${addressSize} bytes`);
  const common = { version, offset, end, offsetSize, addressSize, abbreviationOffset };
  if (kind === DW_UT_compile || kind === DW_UT_partial) return { ...common, first: at };
  if (kind !== DW_UT_type) throw damagedDebug(`a unit is of the unknown kind ${kind}`);
  const signature = section.big(at);
  return { ...common, first: at + 8 + offsetSize, signature, typeOffset: section.unsigned(at + 8, offsetSize) };
}
