import koffi from 'koffi';
import type { ContractStruct } from '../artifact/contract/contract.ts';
import { VaisError } from '../common/error.ts';
import type { Memory } from './memory.ts';
import { addressFrom } from './pointer.ts';
import { scalars, unfit } from './scalar.ts';
import type { FieldValue } from './signature.ts';
import { bytesOf, isStruct, type OpenStruct, typeOf } from './struct.ts';
import { parseType } from './types.ts';

/** How a value of one type is found at a place in memory. */
export interface Field {
  readonly read: (memory: Memory, at: number) => FieldValue;
  /** `where` names the field, for the error. @throws VaisError `usage` for a value that does not fit */
  readonly write: (memory: Memory, at: number, value: unknown, where: string) => void;
}

/** What a field asks of the layouts (`layout.ts`). */
export interface LayoutsOf {
  look(name: string): ContractStruct | undefined;
  of(name: string): { readonly size: number; make(memory: Memory, at: number): OpenStruct };
}

/** How a field of this type is read and written. */
export function fieldFor(text: string, layouts: LayoutsOf): Field {
  const type = parseType(text);
  switch (type.kind) {
    case 'scalar': {
      const scalar = scalars[type.name];
      return {
        read: (memory, at) => scalar.read(memory.view, at),
        write: (memory, at, value, where) => scalar.write(memory.view, at, scalar.check(value, where)),
      };
    }
    case 'text':
      return {
        read: (memory, at) => readText(memory, at),
        // A string of JavaScript's has no address that stays; its owner must give it one.
        write: (memory, at, value, where) => writeAddress(memory, at, value, 'str', where),
      };
    case 'pointer':
    case 'function':
      return {
        read: (memory, at) => readAddress(memory, at),
        write: (memory, at, value, where) => writeAddress(memory, at, value, text, where),
      };
    case 'array':
      return arrayField(type.element, type.length, text, layouts);
    case 'named':
      return namedField(type.name, layouts);
    default:
      return unreachable(text);
  }
}

function readAddress(memory: Memory, at: number): bigint | null {
  const address = memory.view.getBigUint64(at, true);
  return address === 0n ? null : address;
}

function readText(memory: Memory, at: number): string | null {
  const address = readAddress(memory, at);
  return address === null ? null : koffi.decode.string(address);
}

function writeAddress(memory: Memory, at: number, value: unknown, type: string, where: string): void {
  const address = addressFrom(value, type, where);
  memory.view.setBigUint64(at, address ?? 0n, true);
  if (typeof value === 'object' && value !== null) memory.kept.set(at, value);
  else memory.kept.delete(at);
}

function arrayField(element: string, length: number, text: string, layouts: LayoutsOf): Field {
  const type = parseType(element);
  if (type.kind === 'scalar') {
    const scalar = scalars[type.name];
    return {
      read: (memory, at) => scalar.array(memory.buffer, memory.view.byteOffset + at, length),
      write: (memory, at, value, where) => {
        const values: unknown[] =
          Array.isArray(value) || (ArrayBuffer.isView(value) && Symbol.iterator in value)
            ? [...(value as Iterable<unknown>)]
            : [];
        if (values.length !== length) throw unfit(value, text, where, `an array of ${length} values`);
        const checked = values.map((one, index) => scalar.check(one, `${where}[${index}]`));
        for (const [index, one] of checked.entries()) scalar.write(memory.view, at + index * scalar.size, one);
      },
    };
  }
  const struct = type.kind === 'named' ? layouts.look(type.name) : undefined;
  if (struct === undefined || enumKind(struct) !== 'struct') return unreachable(text);
  const layout = layouts.of(struct.name);
  return {
    read: (memory, at) =>
      Object.freeze(Array.from({ length }, (_, index) => layout.make(memory, at + index * layout.size))),
    write: (_memory, _at, _value, where) => {
      throw new VaisError('usage', `${where} is an array of structs, which is not assigned as a whole`, {
        hint: `Assign its elements' fields: ${where}[0].`,
      });
    },
  };
}

function namedField(name: string, layouts: LayoutsOf): Field {
  const struct = layouts.look(name);
  if (struct === undefined) return unreachable(name);
  const kind = enumKind(struct);
  if (kind === 'plain') return fieldFor('i32', layouts);
  if (kind === 'payload') return unreachable(name);
  const layout = layouts.of(name);
  return {
    read: (memory, at) => layout.make(memory, at),
    write: (memory, at, value, where) => {
      if (!isStruct(value) || typeOf(value) !== name) throw unfit(value, name, where, `a struct ${name}`);
      memory.bytes(at, layout.size).set(bytesOf(value));
    },
  };
}

/** An enum stands in a contract as a struct of its tag and its variants; one without payloads is an `i32`. */
export function enumKind(struct: ContractStruct): 'struct' | 'plain' | 'payload' {
  const [tag, ...rest] = struct.fields;
  if (tag?.name !== 'tag' || !rest[0]?.type.startsWith('variant ')) return 'struct';
  return rest.every(({ type }) => type.startsWith('variant ')) ? 'plain' : 'payload';
}

/** A field that Node programs leave alone: slices, 128-bit integers, enums with payloads. */
function unreachable(type: string): Field {
  const refuse = (where: string): never => {
    throw new VaisError('usage', `${where} is ${type}, which Node programs cannot reach`, {
      hint: 'Let a hot function read or write it.',
    });
  };
  return {
    read: () => refuse('the field'),
    write: (_memory, _at, _value, where) => refuse(where),
  };
}
