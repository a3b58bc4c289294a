import type { ContractEnum, ContractField, ContractStruct, ContractVirtual, Place } from '../contract/contract.ts';
import { alignOf } from './align.ts';
import { damagedDebug } from './debug-sections.ts';
import type { Die } from './die.ts';
import { At, Tag } from './numbers.ts';
import { placeOf } from './place.ts';
import { inherited, nameOf } from './scope.ts';
import { sizeOf } from './size.ts';
import { bare, type ReachedType, type Types, typeOf } from './types.ts';

const DW_OP_constu = 0x10;
const DW_OP_plus_uconst = 0x23;
const DW_CC_pass_by_reference = 4;
const deepest = 32;
const mostEntries = 65_536;

/** Reads an enum that was reached. */
export function readEnum({ die, name }: ReachedType): ContractEnum {
  const values = [...die.children()]
    .filter(({ tag }) => tag === Tag.enumerator)
    .map((one) => ({ name: nameOf(one) ?? '(unnamed)', value: String(one.integer(At.constValue, false) ?? 0n) }));
  const size = sizeOf(die) ?? 0;
  return { name, size, values: uniquely(values), ...at(die) };
}

/** Reads a record that was reached: struct, class, union, or one of Rust's enums with values inside. */
export function readStruct({ die, name }: ReachedType, types: Types): ContractStruct {
  const fields: ContractField[] = [];
  const virtuals: ContractVirtual[] = [];
  collect(die, { name, types, fields, virtuals, seen: 0 }, 0, 0);
  return {
    name,
    size: die.number(At.byteSize) ?? 0,
    align: alignOf(die),
    held: true,
    ...(die.number(At.callingConvention) === DW_CC_pass_by_reference ? { passed: 'reference' as const } : {}),
    fields: uniquely(fields),
    ...(virtuals.length === 0 ? {} : { virtuals: uniquely(virtuals) }),
    ...at(die),
  };
}

interface Collected {
  readonly name: string;
  readonly types: Types;
  readonly fields: ContractField[];
  readonly virtuals: ContractVirtual[];
  /** How many entries were looked at: a record without a name inside itself would have no end. */
  seen: number;
}

/** The members of a record, and those of records without a name inside it, as if they were its own. */
function collect(record: Die, into: Collected, base: number, depth: number): void {
  if (depth > deepest) throw damagedDebug('a record that contains itself');
  for (const one of record.children()) {
    into.seen += 1;
    if (into.seen > mostEntries) throw damagedDebug(`a record has more than ${mostEntries} entries`);
    switch (one.tag) {
      case Tag.member:
        addMember(one, into, base, depth);
        break;
      case Tag.inheritance: {
        const type = typeOf(one);
        const virtual = one.number(At.virtuality) === 1;
        const offset = virtual ? 0 : base + (offsetOf(one) ?? 0);
        const text = into.types.text(type, `${into.name}.base`);
        into.fields.push({ name: `${virtual ? 'virtual base' : 'base'} ${text}`, type: text, offset, ...at(one) });
        break;
      }
      case Tag.variantPart:
        addVariants(one, into, base, depth);
        break;
      case Tag.subprogram:
        addVirtual(one, into);
        break;
      case Tag.templateType:
        into.types.text(typeOf(one), `${into.name}.argument`);
        break;
      case Tag.templatePack:
        for (const argument of one.children()) into.types.text(typeOf(argument), `${into.name}.argument`);
        break;
      default:
        break;
    }
  }
}

function addMember(member: Die, into: Collected, base: number, depth: number, when?: string): void {
  // A static member has no place in the record.
  if (member.flag(At.declaration) || member.flag(At.external)) return;
  const type = typeOf(member);
  const offset = base + (offsetOf(member) ?? 0);
  const name = nameOf(member);
  const target = bare(type);
  if (name === undefined && target !== undefined && isRecord(target)) {
    const definition = into.types.resolve(target);
    if (definition !== undefined && nameOf(definition) === undefined) {
      collect(definition, into, offset, depth + 1);
      return;
    }
  }
  if (name?.startsWith('_vptr') === true) {
    into.fields.push({ name: '(virtual table)', type: '*vtable', offset });
    return;
  }
  const bits = bitsOf(member, base);
  const shown = name ?? (member.flag(At.artificial) ? '(tag)' : '(unnamed)');
  into.fields.push({
    name: shown,
    type: into.types.text(type, `${into.name}.${shown}`),
    offset: bits === undefined ? offset : Math.floor(bits.first / 8),
    ...(bits === undefined ? {} : { bits }),
    ...(when === undefined ? {} : { when }),
    ...at(member),
  });
}

/** Rust's enums with values: which number at which place says which of the variants it is. */
function addVariants(part: Die, into: Collected, base: number, depth: number): void {
  for (const one of part.children()) {
    if (one.tag === Tag.member) addMember(one, into, base, depth);
    if (one.tag !== Tag.variant) continue;
    const value = one.integer(At.discriminantValue);
    for (const member of one.children()) {
      if (member.tag === Tag.member)
        addMember(member, into, base, depth, value === undefined ? 'any other' : `${value}`);
    }
  }
}

function addVirtual(method: Die, { name, types, virtuals }: Collected): void {
  if ((method.number(At.virtuality) ?? 0) === 0) return;
  const location = method.block(At.vtableSlot);
  const slot = location?.[0] === DW_OP_constu ? lebOf(location, 1) : undefined;
  if (slot === undefined) return;
  const shown = nameOf(method) ?? '(unnamed)';
  virtuals.push({ name: shown, type: types.signature(method, `${name}.${shown}`), slot });
}

/** Bytes from the record's beginning; undefined where it must be computed from an object. */
function offsetOf(member: Die): number | undefined {
  const offset = member.number(At.memberLocation);
  if (offset !== undefined) return offset;
  const location = member.block(At.memberLocation);
  return location?.[0] === DW_OP_plus_uconst ? lebOf(location, 1) : undefined;
}

/** Which bits of the record a bit-field has, counting from its first byte's lowest. */
function bitsOf(member: Die, base: number): { first: number; count: number } | undefined {
  const count = member.number(At.bitSize);
  if (count === undefined) return undefined;
  const first = member.number(At.dataBitOffset);
  if (first !== undefined) return { first: base * 8 + first, count };
  // DWARF 3 and 4 as gcc writes it: from the highest bit of the unit of storage.
  const fromTop = member.number(At.bitOffset);
  const type = typeOf(member);
  const storage = member.number(At.byteSize) ?? (type === undefined ? undefined : sizeOf(type));
  if (fromTop === undefined || storage === undefined) return undefined;
  return { first: (base + (offsetOf(member) ?? 0) + storage) * 8 - fromTop - count, count };
}

function lebOf(bytes: Uint8Array, from: number): number {
  let value = 0;
  for (let at = from, scale = 1; at < bytes.byteLength; at += 1, scale *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  return value;
}

function isRecord({ tag }: Die): boolean {
  return tag === Tag.structure || tag === Tag.class || tag === Tag.union;
}

function at(die: Die): { at?: Place } {
  const place = placeOf(die);
  return place === undefined ? {} : { at: place };
}

/** Names within one record are unique in a contract; the second of one name gets a number. */
function uniquely<Entry extends { readonly name: string }>(entries: readonly Entry[]): Entry[] {
  const seen = new Map<string, number>();
  return entries.map((entry) => {
    const count = (seen.get(entry.name) ?? 0) + 1;
    seen.set(entry.name, count);
    return count === 1 ? entry : { ...entry, name: `${entry.name} #${count}` };
  });
}

/** Where the declaration of a function, type or variable is. */
export function declaredAt(die: Die): { at?: Place } {
  const place = inherited(die, placeOf);
  return place === undefined ? {} : { at: place };
}
