import koffi, { type TypeObject } from 'koffi';
import type { ContractStruct } from '../artifact/contract/contract.ts';
import { enumKind, type Field, fieldFor } from './field.ts';
import type { Layouts } from './layout.ts';
import { Memory } from './memory.ts';
import { addressFrom } from './pointer.ts';
import { type NumberArray, type Scalar, scalars, unfit } from './scalar.ts';
import type { HotResult } from './signature.ts';
import { addressOf, isStruct, typeOf } from './struct.ts';
import { parseType, type ScalarName } from './types.ts';

/** A type as C has it; equal keys are equal types. */
export interface CType {
  readonly key: string;
  readonly type: string | TypeObject;
}

/** How a value that is more than a number is passed. */
export interface ByValue extends CType {
  readonly to: (value: unknown, where: string) => unknown;
  readonly from: (value: unknown) => HotResult;
}

type Find = (name: string) => ContractStruct | undefined;

const names: Readonly<Record<ScalarName, string>> = {
  i8: 'int8',
  i16: 'int16',
  i32: 'int32',
  i64: 'int64',
  u8: 'uint8',
  u16: 'uint16',
  u32: 'uint32',
  u64: 'uint64',
  f32: 'float',
  f64: 'double',
  bool: 'bool',
};

/** The C type of a number, a truth value or an address. */
export function plain(name: ScalarName | 'address'): CType {
  const type = name === 'address' ? 'void *' : names[name];
  return { key: type, type };
}

/** For ever, as koffi's types are too: there are as many as layouts, and not as reloads. */
const structs = new Map<string, TypeObject>();

/**
 * How a struct, an array of numbers or a slice of numbers is passed by value; undefined for what Node cannot pass: 128-bit
 * integers, enums with payloads, and what holds one of them; slices of anything else than numbers.
 *
 * @param find what the contract says of a struct
 * @param layouts asked when a call is made
 */
export function byValue(text: string, find: Find, layouts: Layouts): ByValue | undefined {
  const type = parseType(text);
  const c = cType(text, find);
  if (c === undefined) return undefined;
  if (type.kind === 'named') {
    const { name } = type;
    const struct = find(name);
    if (struct === undefined || koffi.sizeof(c.type) !== struct.size) return undefined;
    return {
      ...c,
      to: (value, where) => {
        if (isStruct(value) && typeOf(value) === name) return koffi.decode(addressOf(value), c.type);
        throw unfit(value, name, where, `a struct ${name}, as createStruct gives it`);
      },
      from: (value) => layouts.of(name).make(written(value, c, struct.align), 0),
    };
  }
  if (type.kind === 'array') return arrayValue(c, fieldFor(text, layouts));
  if (type.kind !== 'slice') return undefined;
  const element = parseType(text.slice(1, -1));
  return element.kind === 'scalar' ? sliceValue(text, c, scalars[element.name]) : undefined;
}

function arrayValue(c: CType, field: Field): ByValue {
  return {
    ...c,
    to: (value, where) => {
      const memory = Memory.make(koffi.sizeof(c.type), 8);
      field.write(memory, 0, value, where);
      return koffi.decode(memory.address, c.type);
    },
    from: (value) => field.read(written(value, c, 8), 0) as NumberArray,
  };
}

/** The numbers stay where they are, in the typed array or in native code's memory: for the time of the call, and copied out. */
function sliceValue(text: string, c: CType, scalar: Scalar): ByValue {
  const like = scalar.array(new ArrayBuffer(0), 0, 0);
  return {
    ...c,
    to: (value, where) => {
      const fits =
        ArrayBuffer.isView(value) &&
        !(value instanceof DataView) &&
        (value.constructor === like.constructor || (scalar.size === 1 && value instanceof Uint8Array));
      if (!fits) throw unfit(value, text, where, `a ${like.constructor.name}`);
      return { at: addressFrom(value, text, where), length: value.byteLength / scalar.size };
    },
    from: (value) => {
      const { at, length } = value as { at: bigint | null; length: number | bigint };
      const size = Number(length) * scalar.size;
      const buffer = new ArrayBuffer(size);
      if (at !== null && size > 0) new Uint8Array(buffer).set(new Uint8Array(koffi.view(at, size)));
      return scalar.array(buffer, 0, Number(length));
    },
  };
}

/** What koffi gave, in memory of its own. */
function written(value: unknown, { type }: CType, align: number): Memory {
  const memory = Memory.make(koffi.sizeof(type), align);
  koffi.encode(memory.address, type, value);
  return memory;
}

function cType(text: string, find: Find): CType | undefined {
  const type = parseType(text);
  switch (type.kind) {
    case 'scalar':
      return plain(type.name);
    case 'text':
    case 'pointer':
    case 'function':
      return plain('address');
    case 'slice':
      return structOf([
        ['at', plain('address')],
        ['length', plain('i64')],
      ]);
    case 'array': {
      const element = cType(type.element, find);
      if (element === undefined || type.length === 0) return undefined;
      const key = `${element.key}[${type.length}]`;
      return structOf([['at', { key, type: koffi.array(element.type, type.length) }]]);
    }
    case 'named': {
      const struct = find(type.name);
      if (struct === undefined) return undefined;
      const kind = enumKind(struct);
      if (kind !== 'struct') return kind === 'plain' ? plain('i32') : undefined;
      const fields: [string, CType][] = [];
      for (const field of struct.fields) {
        const c = cType(field.type, find);
        if (c === undefined) return undefined;
        fields.push([field.name, c]);
      }
      return fields.length === 0 ? undefined : structOf(fields);
    }
    default:
      return undefined;
  }
}

function structOf(fields: readonly (readonly [string, CType])[]): CType {
  const key = `{${fields.map(([name, c]) => `${name}:${c.key}`).join()}}`;
  const type = structs.get(key) ?? koffi.struct(Object.fromEntries(fields.map(([name, c]) => [name, c.type])));
  structs.set(key, type);
  return { key, type };
}
