import type { DebugBytes } from './bytes.ts';
import { damagedDebug } from './debug-sections.ts';
import { At, Form, lengthOf } from './numbers.ts';

/** What entries with the same code have in common: their tag and which attributes they have, in which form. */
export interface Abbreviation {
  readonly tag: number;
  readonly children: boolean;
  readonly attributes: readonly number[];
  readonly forms: readonly number[];
  /** The length of each attribute's value: see `lengthOf`. */
  readonly lengths: readonly number[];
  /** The value of each attribute in the form `implicitConst`, by position. */
  readonly implicit: ReadonlyMap<number, number> | undefined;
  /** The lengths again, with neighbors of fixed length as one: to skip an entry fast. */
  readonly steps: readonly number[];
  /** Where each value is, from where the values begin; -1 where that depends on those before it. */
  readonly places: readonly number[];
  /** Which attribute says where the next entry on the same level is; -1: none. */
  readonly sibling: number;
}

/** By code. Compilers number them from 1, so it is dense. */
export type AbbreviationTable = readonly (Abbreviation | undefined)[];

const mostCodes = 1 << 20;

/** Reads one table of `.debug_abbrev`. @throws VaisError `image_invalid` */
export function readAbbreviations(
  section: DebugBytes,
  offset: number,
  offsetSize: number,
  addressSize: number,
): AbbreviationTable {
  const table: (Abbreviation | undefined)[] = [];
  for (let at = offset; ; ) {
    const code = section.leb(at);
    if (code === 0) return table;
    if (code > mostCodes) throw damagedDebug(`the code ${code} in ${section.name}`);
    const tag = section.leb(section.next);
    const children = section.unsigned(section.next, 1) !== 0;
    at = section.next + 1;
    const attributes: number[] = [];
    const forms: number[] = [];
    let implicit: Map<number, number> | undefined;
    for (;;) {
      const attribute = section.leb(at);
      const form = section.leb(section.next);
      at = section.next;
      if (form === Form.implicitConst) {
        implicit ??= new Map();
        implicit.set(attributes.length, Number(section.sleb(at)));
        at = section.next;
      }
      if (attribute === 0 && form === 0) break;
      attributes.push(attribute);
      forms.push(form);
    }
    const lengths = forms.map((form) => {
      const length = lengthOf(form, offsetSize, addressSize);
      if (length === undefined) throw damagedDebug(`a value has the unknown form 0x${form.toString(16)}`);
      return length;
    });
    const sibling = attributes.indexOf(At.sibling);
    while (table.length < code) table.push(undefined);
    table[code] = {
      tag,
      children,
      attributes,
      forms,
      lengths,
      implicit,
      steps: stepsOf(lengths),
      places: placesOf(lengths),
      sibling,
    };
  }
}

function placesOf(lengths: readonly number[]): number[] {
  let place = 0;
  return lengths.map((length) => {
    const here = place;
    place = place === -1 || length < 0 ? -1 : place + length;
    return here;
  });
}

function stepsOf(lengths: readonly number[]): number[] {
  const steps: number[] = [];
  for (const length of lengths) {
    const last = steps.at(-1);
    if (length >= 0 && last !== undefined && last >= 0) steps[steps.length - 1] = last + length;
    else steps.push(length);
  }
  return steps;
}
