import type { Abbreviation } from './abbreviations.ts';
import type { DebugInfo } from './debug-info.ts';
import type { Die } from './die.ts';
import { isBlock } from './die.ts';
import { At, Form, Length, Tag } from './numbers.ts';
import { skipValue } from './skip.ts';
import type { Unit } from './unit.ts';

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

/** A definition of a record or enum, with the entries around it, the innermost first. */
export interface FoundDefinition extends Found {
  readonly around: readonly number[];
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
  readonly definitions: readonly FoundDefinition[];
}

/** Looks through all units. @throws VaisError `image_invalid` */
export function scan(info: DebugInfo, addresses: ReadonlySet<number>): Scan {
  const functions = new Map<number, Found[]>();
  const split: Found[] = [];
  const variables: Found[] = [];
  const definitions: FoundDefinition[] = [];
  for (const unit of info.units) {
    const interest = unit.abbreviations.map(interestOf);
    const plans = new Map<Abbreviation, Interest>();
    unit.abbreviations.forEach((abbreviation, code) => {
      const plan = interest[code];
      if (abbreviation !== undefined && plan !== undefined) plans.set(abbreviation, plan);
    });
    if (plans.size === 0) continue;
    // Definitions come in rows: most have the same entries around them as the one before.
    let around: readonly number[] = [];
    unit.walk((abbreviation, offset, values, parent, above) => {
      if (abbreviation.tag > Tag.variable) return;
      const plan = plans.get(abbreviation);
      if (plan === undefined) return;
      if (plan.kind === 'definition') {
        if (around[0] !== parent) around = [parent, ...above.toReversed()];
        definitions.push({ unit, offset, around });
      }
      if (plan.kind === 'split') split.push({ unit, offset });
      else if (plan.kind === 'variable' || plan.kind === 'named') {
        if (plan.kind === 'variable' && !isStatic(unit, abbreviation, plan.index, values)) return;
        unit.know(offset, [parent, ...above.toReversed()]);
        variables.push({ unit, offset });
      } else {
        const at = placeOf(unit, abbreviation, plan.index, values);
        const address = info.address(unit, abbreviation.forms[plan.index] ?? 0, at);
        if (address === undefined || !addresses.has(address)) return;
        const same = functions.get(address);
        if (same === undefined) functions.set(address, [{ unit, offset }]);
        else same.push({ unit, offset });
      }
    });
  }
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
      if (!attributes.includes(At.name) || attributes.includes(At.declaration)) return undefined;
      return { kind: 'definition', index: -1 };
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
function placeOf(unit: Unit, { lengths, forms }: Abbreviation, index: number, values: number): number {
  let at = values;
  for (let one = 0; one < index; one += 1) at = skipValue(unit.section, lengths[one] ?? 0, at, unit);
  if (forms[index] !== Form.indirect) return at;
  unit.section.leb(at);
  return unit.section.next;
}
