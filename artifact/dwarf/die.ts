import type { Abbreviation } from './abbreviations.ts';
import { damagedDebug, unreadableDebug } from './debug-sections.ts';
import { At, Form, Length, lengthOf } from './numbers.ts';
import { skipValue } from './skip.ts';
import type { Unit } from './unit.ts';

const undwz = 'Build without dwz: the image itself must have its debug information.';

/** An entry of debug information; its values are read when they are asked for. */
export class Die {
  readonly unit: Unit;
  /** Where it is in its unit's section. */
  readonly offset: number;
  readonly #abbreviation: Abbreviation;
  readonly #values: number;
  #places: number[] | undefined;

  constructor(unit: Unit, offset: number, abbreviation: Abbreviation, values: number) {
    this.unit = unit;
    this.offset = offset;
    this.#abbreviation = abbreviation;
    this.#values = values;
  }

  get tag(): number {
    return this.#abbreviation.tag;
  }

  /** Names the entry among all of the image. */
  get key(): number {
    return this.unit.info.keyOf(this.unit, this.offset);
  }

  get parent(): Die | undefined {
    return this.unit.parentOf(this.offset);
  }

  has(attribute: number): boolean {
    return this.#abbreviation.attributes.includes(attribute);
  }

  /** A number that fits into 53 bits, or undefined where there is none or it is an expression. */
  number(attribute: number): number | undefined {
    const value = this.integer(attribute);
    return value === undefined ? undefined : Number(value);
  }

  /** A whole number, exact; `unsigned` says how one of fixed size is to be read. */
  integer(attribute: number, unsigned = true): bigint | undefined {
    const found = this.#find(attribute);
    if (found === undefined) return undefined;
    const { form, at, index } = found;
    const { section } = this.unit;
    switch (form) {
      case Form.implicitConst:
        return BigInt(this.#abbreviation.implicit?.get(index) ?? 0);
      case Form.sdata:
        return section.sleb(at);
      case Form.udata:
        return section.bigLeb(at);
      case Form.data1:
      case Form.data2:
      case Form.data4:
      case Form.data8: {
        const size = form === Form.data1 ? 1 : form === Form.data2 ? 2 : form === Form.data4 ? 4 : 8;
        const value = size === 8 ? section.big(at) : BigInt(section.unsigned(at, size));
        return unsigned ? value : BigInt.asIntN(size * 8, value);
      }
      case Form.data16:
        return section.big(at) + (section.big(at + 8) << 64n);
      case Form.secOffset:
        return BigInt(section.unsigned(at, this.unit.offsetSize));
      default:
        return undefined;
    }
  }

  flag(attribute: number): boolean {
    const found = this.#find(attribute);
    if (found === undefined) return false;
    return found.form === Form.flagPresent || this.unit.section.unsigned(found.at, 1) !== 0;
  }

  text(attribute: number): string | undefined {
    const found = this.#find(attribute);
    if (found === undefined) return undefined;
    const { form, at } = found;
    const { section, info, offsetSize } = this.unit;
    switch (form) {
      case Form.string:
        return section.text(at);
      case Form.strp:
        return info.strings.text(section.unsigned(at, offsetSize));
      case Form.lineStrp:
        return info.lineStrings.text(section.unsigned(at, offsetSize));
      case Form.strx:
      case Form.gnuStrIndex:
        return info.indexedText(this.unit, section.leb(at));
      case Form.strx1:
      case Form.strx2:
      case Form.strx3:
      case Form.strx4:
        return info.indexedText(this.unit, section.unsigned(at, form - Form.strx1 + 1));
      case Form.strpSup:
      case Form.gnuStrpAlt:
        throw unreadableDebug('is in part in a file of its own, as dwz makes it', undwz);
      default:
        return undefined;
    }
  }

  /** The entry that an attribute refers to. */
  die(attribute: number): Die | undefined {
    const found = this.#find(attribute);
    if (found === undefined) return undefined;
    const { form, at } = found;
    const { section, info, header } = this.unit;
    switch (form) {
      case Form.ref1:
      case Form.ref2:
      case Form.ref4:
      case Form.ref8:
        return this.unit.dieAt(header.offset + section.unsigned(at, 2 ** (form - Form.ref1)));
      case Form.refUdata:
        return this.unit.dieAt(header.offset + section.leb(at));
      case Form.refAddr:
        return info.dieAt(section.unsigned(at, this.unit.offsetSize));
      case Form.refSig8:
        return info.typeOf(section.big(at));
      case Form.refSup4:
      case Form.refSup8:
      case Form.gnuRefAlt:
        throw unreadableDebug('is in part in a file of its own, as dwz makes it', undwz);
      default:
        return undefined;
    }
  }

  /** An address of the image. */
  address(attribute: number): number | undefined {
    const found = this.#find(attribute);
    return found && this.unit.info.address(this.unit, found.form, found.at);
  }

  /** An expression or block of bytes. */
  block(attribute: number): Uint8Array | undefined {
    const found = this.#find(attribute);
    if (found === undefined) return undefined;
    const { form, at } = found;
    const { section } = this.unit;
    if (form === Form.block1) return section.slice(at + 1, section.unsigned(at, 1));
    if (form === Form.block2) return section.slice(at + 2, section.unsigned(at, 2));
    if (form === Form.block4) return section.slice(at + 4, section.unsigned(at, 4));
    if (form !== Form.block && form !== Form.exprloc) return undefined;
    const size = section.leb(at);
    return section.slice(section.next, size);
  }

  sectionOffset(attribute: number): number | undefined {
    return this.number(attribute);
  }

  /** The entries inside this one. */
  *children(): Generator<Die> {
    if (!this.#abbreviation.children) return;
    const { section, header, abbreviations } = this.unit;
    for (let at = this.#end(); at < header.end; ) {
      const code = section.leb(at);
      if (code === 0) return;
      const abbreviation = abbreviations[code];
      if (abbreviation === undefined) throw damagedDebug(`an entry at byte ${at} has the unknown code ${code}`);
      const die = new Die(this.unit, at, abbreviation, section.next);
      yield die;
      at = die.#next();
    }
  }

  /** Where the entry after this one and all inside it begins. */
  #next(): number {
    const end = this.#end();
    if (!this.#abbreviation.children) return end;
    const sibling = this.#abbreviation.sibling === -1 ? undefined : this.#siblingOffset();
    if (sibling !== undefined && sibling > end && sibling <= this.unit.header.end) return sibling;
    const { section, header, abbreviations } = this.unit;
    // By hand, so that deep nesting needs no stack.
    let depth = 1;
    let at = end;
    while (depth > 0 && at < header.end) {
      const code = section.leb(at);
      at = section.next;
      if (code === 0) {
        depth -= 1;
        continue;
      }
      const abbreviation = abbreviations[code];
      if (abbreviation === undefined) throw damagedDebug(`an entry at byte ${at} has the unknown code ${code}`);
      for (const length of abbreviation.lengths) at = skipValue(section, length, at, this.unit);
      if (abbreviation.children) depth += 1;
    }
    return at;
  }

  #siblingOffset(): number | undefined {
    const found = this.#find(At.sibling);
    if (found === undefined || found.form !== Form.ref4) return undefined;
    return this.unit.header.offset + this.unit.section.unsigned(found.at, 4);
  }

  #end(): number {
    return this.#allPlaces().at(-1) ?? this.#values;
  }

  #find(attribute: number): { form: number; at: number; index: number } | undefined {
    const index = this.#abbreviation.attributes.indexOf(attribute);
    if (index === -1) return undefined;
    const form = this.#abbreviation.forms[index] ?? 0;
    const at = this.#allPlaces()[index] ?? this.#values;
    if (form !== Form.indirect) return { form, at, index };
    const actual = this.unit.section.leb(at);
    return { form: actual, at: this.unit.section.next, index };
  }

  /** Where each value is, and one more: where they end. */
  #allPlaces(): number[] {
    if (this.#places === undefined) {
      const { lengths } = this.#abbreviation;
      const { section } = this.unit;
      let at = this.#values;
      this.#places = lengths.map((length) => {
        const place = at;
        at = skipValue(section, length, at, this.unit);
        return place;
      });
      this.#places.push(at);
    }
    return this.#places;
  }
}

/** Whether a value of this form is an expression or block, and so may say where something is. */
export function isBlock(form: number): boolean {
  const length = lengthOf(form, 4, 8);
  return length !== undefined && length <= Length.block && length >= Length.block4;
}
