import type { Abbreviation } from './abbreviations.ts';
import type { DebugInfo } from './debug-info.ts';
import { DefinitionTable } from './definition-table.ts';
import type { Die } from './die.ts';
import { isBlock } from './die.ts';
import { At, Form, Length, Tag } from './numbers.ts';
import { skipValue } from './skip.ts';
import type { Unit } from './unit.ts';
import type { Visit } from './walk.ts';

const DW_OP_addr = 0x03;
const DW_OP_const4u = 0x0c;
const DW_OP_const8u = 0x0e;
const DW_OP_addrx = 0xa1;
const DW_OP_constx = 0xa2;
const DW_OP_GNU_addr_index = 0xfb;
const DW_OP_GNU_const_index = 0xfc;

/** An entry that a scan found, not read yet. */
export interface Found {
  readonly unit: Unit;
  readonly offset: number;
}

/** What one pass over all units finds; nothing else of them is read. */
export interface Scan {
  /** Functions that begin at one of the addresses that were asked for. */
  readonly functions: ReadonlyMap<number, readonly Found[]>;
  /** Functions in several pieces: they do not say where they begin. */
  readonly split: readonly Found[];
  /** Variables with an address of their own or a place in each thread's block, and those that only the linker's name tells. */
  readonly variables: readonly Found[];
  /** Definitions of records and enums that have names. */
  readonly definitions: DefinitionTable;
}

/** Looks through all units. @throws VaisError `image_invalid` */
export function scan(info: DebugInfo, addresses: ReadonlySet<number>): Scan {
  const functions = new Map<number, Found[]>();
  const split: Found[] = [];
  const variables: Found[] = [];
  const definitions = new DefinitionTable();
  info.walk((unit) => {
    const interest = unit.abbreviations.map(interestOf);
    const wanted = Uint8Array.from(interest, (one) => (one === undefined ? 0 : 1));
    const visit: Visit = (abbreviation, code, offset, values) => {
      const plan = interest[code];
      if (plan === undefined) return;
      const { kind, index } = plan;
      if (kind === 'definition') {
        definitions.add(
          unit,
          offset,
          unit.hashOf(abbreviation.forms[index] ?? 0, placeOf(unit, abbreviation, index, values)),
        );
      } else if (kind === 'split') split.push({ unit, offset });
      else if (kind === 'named') variables.push({ unit, offset });
      else if (kind === 'variable') {
        if (isStatic(unit, abbreviation, index, values)) variables.push({ unit, offset });
      } else {
        const at = placeOf(unit, abbreviation, index, values);
        const address = info.address(unit, abbreviation.forms[index] ?? 0, at);
        if (address === undefined || !addresses.has(address)) return;
        const same = functions.get(address);
        if (same === undefined) functions.set(address, [{ unit, offset }]);
        else same.push({ unit, offset });
      }
    };
    return [wanted, visit];
  });
  return { functions, split, variables, definitions };
}

/** The entry that was found. */
export function open({ unit, offset }: Found): Die {
  return unit.dieAt(offset);
}

interface Interest {
  readonly kind: 'definition' | 'function' | 'named' | 'split' | 'variable';
  /** Which attribute tells more. */
  readonly index: number;
}

function interestOf(abbreviation: Abbreviation | undefined): Interest | undefined {
  if (abbreviation === undefined) return undefined;
  const { tag, attributes, forms } = abbreviation;
  switch (tag) {
    case Tag.subprogram: {
      const index = attributes.indexOf(At.lowPc);
      if (index !== -1) return { kind: 'function', index };
      return attributes.includes(At.ranges) ? { kind: 'split', index } : undefined;
    }
    case Tag.variable: {
      const index = attributes.indexOf(At.location);
      if (index !== -1) return isBlock(forms[index] ?? 0) ? { kind: 'variable', index } : undefined;
      return attributes.includes(At.linkageName) && !attributes.includes(At.declaration)
        ? { kind: 'named', index }
        : undefined;
    }
    case Tag.structure:
    case Tag.class:
    case Tag.union:
    case Tag.enumeration:
      if (attributes.includes(At.declaration) || attributes.includes(At.signature)) return undefined;
      return attributes.includes(At.name) ? { kind: 'definition', index: attributes.indexOf(At.name) } : undefined;
    default:
      return undefined;
  }
}

/** Whether the expression begins with an address, or a place in the thread's block, and not with a register. */
function isStatic(unit: Unit, abbreviation: Abbreviation, index: number, values: number): boolean {
  const { section } = unit;
  const at = placeOf(unit, abbreviation, index, values);
  const length = abbreviation.lengths[index] ?? 0;
  const first =
    length === Length.block1 ? at + 1 : length === Length.block2 ? at + 2 : length === Length.block4 ? at + 4 : 0;
  let start = first;
  if (start === 0) {
    section.leb(at);
    start = section.next;
  }
  return isPlace(section.bytes[start]);
}

/** Whether an operation pushes an address, or what a thread's block begins with. */
export function isPlace(operation: number | undefined): boolean {
  switch (operation) {
    case DW_OP_addr:
    case DW_OP_addrx:
    case DW_OP_GNU_addr_index:
    case DW_OP_const4u:
    case DW_OP_const8u:
    case DW_OP_constx:
    case DW_OP_GNU_const_index:
      return true;
    default:
      return false;
  }
}

/** Where one value of an entry is. */
function placeOf(unit: Unit, { lengths, forms, places }: Abbreviation, index: number, values: number): number {
  const known = places[index] ?? -1;
  let at = values + known;
  if (known === -1) {
    at = values;
    for (let one = 0; one < index; one += 1) at = skipValue(unit.section, lengths[one] ?? 0, at, unit);
  }
  if (forms[index] !== Form.indirect) return at;
  unit.section.leb(at);
  return unit.section.next;
}
