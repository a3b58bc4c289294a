import type { Abbreviation, AbbreviationTable } from './abbreviations.ts';
import type { DebugBytes } from './bytes.ts';
import type { DebugInfo } from './debug-info.ts';
import { damagedDebug, unreadableDebug } from './debug-sections.ts';
import { hashOfBytes } from './definitions.ts';
import { Die } from './die.ts';
import { At, Form } from './numbers.ts';
import type { Sizes } from './skip.ts';
import type { Sources } from './sources.ts';
import { walk } from './walk.ts';

/** What a unit's header says. */
export interface UnitHeader extends Sizes {
  readonly version: number;
  /** Where the unit begins and ends in its section. */
  readonly offset: number;
  readonly end: number;
  readonly abbreviationOffset: number;
  /** Where the first entry is. */
  readonly first: number;
  /** For a type unit: which type it has, and where the type's entry is, from the unit's beginning. */
  readonly signature?: bigint;
  readonly typeOffset?: number;
}

const unsplit = 'Build without `-gsplit-dwarf`: the image itself must have its debug information.';

/** A compilation or type unit, whose entries are read when they are asked for. */
export class Unit implements Sizes {
  readonly info: DebugInfo;
  readonly section: DebugBytes;
  readonly header: UnitHeader;
  readonly offsetSize: number;
  readonly addressSize: number;
  #abbreviations: AbbreviationTable | undefined;
  #root: Die | undefined;
  #stringBase: number | undefined;
  #addressBase: number | undefined;
  #folder: string | undefined;
  #sources: Sources | undefined;

  constructor(info: DebugInfo, section: DebugBytes, header: UnitHeader) {
    this.info = info;
    this.section = section;
    this.header = header;
    this.offsetSize = header.offsetSize;
    this.addressSize = header.addressSize;
  }

  get abbreviations(): AbbreviationTable {
    this.#abbreviations ??= this.info.abbreviationsOf(this.header);
    return this.#abbreviations;
  }

  /** The entry of the unit itself. */
  get root(): Die {
    this.#root ??= this.dieAt(this.header.first);
    return this.#root;
  }

  /** @throws VaisError `image_invalid` where the rest of it is in another file */
  requireWhole(): void {
    if (this.root.has(At.dwoName) || this.root.has(At.gnuDwoName))
      throw unreadableDebug('is split: it is in .dwo or .dwp files', unsplit);
  }

  /** The folder that it was compiled in. */
  get folder(): string {
    this.#folder ??= this.root.text(At.compiledIn) ?? this.#lines.folder;
    return this.#folder;
  }

  get #lines(): Sources {
    this.#sources ??= this.info.sourcesOf(this);
    return this.#sources;
  }

  get language(): number {
    return this.root.number(At.language) ?? 0;
  }

  /** Where this unit's part of `.debug_str_offsets` begins. */
  get stringBase(): number {
    this.#stringBase ??= this.root.sectionOffset(At.stringOffsetsBase) ?? (this.offsetSize === 8 ? 16 : 8);
    return this.#stringBase;
  }

  /** Where this unit's part of `.debug_addr` begins. */
  get addressBase(): number {
    this.#addressBase ??= this.root.sectionOffset(At.addressBase) ?? (this.offsetSize === 8 ? 16 : 8);
    return this.#addressBase;
  }

  /** The source file that an entry names by number; undefined where the unit does not know it. */
  source(index: number): string | undefined {
    return this.#lines.files[index];
  }

  /** The entry at this place of the unit's section. @throws VaisError `image_invalid` */
  dieAt(offset: number): Die {
    if (offset < this.header.first || offset >= this.header.end)
      throw damagedDebug(`a reference leads to byte ${offset}, outside its unit`);
    const code = this.section.leb(offset);
    const abbreviation = this.abbreviations[code];
    if (abbreviation === undefined) throw damagedDebug(`no entry is at byte ${offset} of ${this.section.name}`);
    return new Die(this, offset, abbreviation, this.section.next);
  }

  /** The entry around this one, when it is one that gives names: a namespace, type, function or block. */
  parentOf(offset: number): Die | undefined {
    const parent = this.info.scopesOf(this.section).around(offset);
    return parent === undefined || parent === this.header.first ? undefined : this.dieAt(parent);
  }

  /** Goes through all entries of the unit. */
  each(visit: (abbreviation: Abbreviation, offset: number) => void): void {
    const all = new Uint8Array(this.abbreviations.length).fill(1);
    walk(this, undefined, all, (abbreviation, _code, offset) => visit(abbreviation, offset));
  }

  /** A hash of the text that a value is, so that texts can be told apart without reading them. */
  hashOf(form: number, at: number): number {
    const { strings } = this.info;
    switch (form) {
      case Form.string:
        return hashOfBytes(this.section.bytes, at);
      case Form.strp:
        return hashOfBytes(strings.bytes, this.section.unsigned(at, this.offsetSize));
      case Form.strx:
        return hashOfBytes(strings.bytes, this.info.textOffset(this, this.section.leb(at)));
      case Form.strx1:
      case Form.strx2:
      case Form.strx3:
      case Form.strx4:
        return hashOfBytes(strings.bytes, this.info.textOffset(this, this.section.unsigned(at, form - Form.strx1 + 1)));
      default:
        return 0;
    }
  }
}
