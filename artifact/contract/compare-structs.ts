import type { Contract, ContractField, ContractStruct } from './contract.ts';
import { byName, type Difference, place } from './difference.ts';

type StructChange = Omit<Extract<Difference, { kind: 'struct_changed' }>, 'kind' | 'name' | 'why'>;

const why = 'the running program holds values in the old layout';

/**
 * The structs that both contracts describe and the running program holds, each with what differs. One that a contract does not
 * describe is opaque to its code. runtime/contract.c has the same rule, and a test runs both over the same pairs.
 */
export function* compareStructs(running: Contract, next: Contract): Generator<Difference> {
  const nextByName = byName(next.structs);
  for (const was of running.structs) {
    const is = was.held ? nextByName.get(was.name) : undefined;
    if (is === undefined) continue;
    for (const change of compareLayouts(was, is)) yield { kind: 'struct_changed', name: was.name, why, ...change };
  }
}

function compareLayouts(was: ContractStruct, is: ContractStruct): StructChange[] {
  const edited = [...compareFields(was, is), ...compareVirtuals(was, is)];
  // Fields that only moved are named when no edited field says already why they did.
  if (edited.length > 0) return edited;
  const wasByName = byName(was.fields);
  const moved = is.fields.flatMap((now): StructChange[] => {
    const field = wasByName.get(now.name);
    if (field === undefined || (now.offset === field.offset && now.bits?.first === field.bits?.first)) return [];
    const form = (one: ContractField) =>
      `${formOf(one)} at ${one.bits ? `bit ${one.bits.first}` : `byte ${one.offset}`}`;
    return [{ field: field.name, was: form(field), is: form(now), ...place(now.at ?? is.at) }];
  });
  if (moved.length > 0) return moved;
  if (was.size !== is.size || was.align !== is.align) return [{ was: layout(was), is: layout(is), ...place(is.at) }];
  if (was.passed === is.passed) return [];
  return [{ was: passing(was), is: passing(is), ...place(is.at) }];
}

function compareFields(was: ContractStruct, is: ContractStruct): StructChange[] {
  const isByName = byName(is.fields);
  const wasByName = byName(was.fields);
  const changed = was.fields.flatMap((field): StructChange[] => {
    const now = isByName.get(field.name);
    if (now === undefined) return [{ field: field.name, was: formOf(field), is: 'removed', ...place(field.at) }];
    if (formOf(now) === formOf(field)) return [];
    return [{ field: field.name, was: formOf(field), is: formOf(now), ...place(now.at ?? is.at) }];
  });
  const added = is.fields.filter(({ name }) => !wasByName.has(name));
  return [
    ...changed,
    ...added.map((field) => ({
      field: field.name,
      was: 'no such field',
      is: formOf(field),
      ...place(field.at ?? is.at),
    })),
  ];
}

/** Objects point to the table of the version that made them, so each function must stay where it is, and none can be added. */
function compareVirtuals(was: ContractStruct, is: ContractStruct): StructChange[] {
  const form = ({ name, type, slot }: { name: string; type: string; slot: number }) =>
    `virtual ${name}: ${type} in slot ${slot}`;
  const wasByName = byName(was.virtuals ?? []);
  const isByName = byName(is.virtuals ?? []);
  const changed = [...wasByName.values()].flatMap((one): StructChange[] => {
    const now = isByName.get(one.name);
    if (now !== undefined && form(now) === form(one)) return [];
    return [{ field: one.name, was: form(one), is: now === undefined ? 'removed' : form(now), ...place(is.at) }];
  });
  const added = [...isByName.values()].filter(({ name }) => !wasByName.has(name));
  return [
    ...changed,
    ...added.map((one) => ({ field: one.name, was: 'no such virtual function', is: form(one), ...place(is.at) })),
  ];
}

/** `hp: i32`, `flag: u32, 3 bits`, `Circle: Shape::Circle when the tag is 0` */
function formOf({ name, type, bits, when }: ContractField): string {
  const width = bits === undefined ? '' : `, ${bits.count} ${bits.count === 1 ? 'bit' : 'bits'}`;
  return `${name}: ${type}${width}${when === undefined ? '' : ` when the tag is ${when}`}`;
}

function layout({ size, align }: ContractStruct): string {
  return `${size} bytes, aligned to ${align}`;
}

function passing({ passed }: ContractStruct): string {
  return `passed by ${passed ?? 'value'}`;
}
