import koffi, { type TypeObject } from 'koffi';
import type { ContractStruct } from '../artifact/contract.ts';
import { VaisError } from '../common/error.ts';
import { enumKind } from './field.ts';
import { addressFrom } from './pointer.ts';
import { scalars, unfit } from './scalar.ts';
import type { HotResult } from './signature.ts';
import { parseSignature, parseType, type ScalarName } from './types.ts';

/** A value on its way into native code, and out of it. */
interface Conversion {
  readonly koffi: string;
  readonly to: (value: unknown, where: string) => unknown;
  readonly from: (value: unknown) => HotResult;
}

/** A signature as koffi calls it. */
export interface Convention {
  readonly proto: TypeObject;
  /** The same with addresses in the place of strings: for native code on both sides, which shares its text. */
  readonly raw: TypeObject;
  readonly params: readonly Conversion[];
  readonly result: Conversion;
}

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

/** For ever, as koffi's types are too: there are as many as signatures, and not as reloads. */
const protos = new Map<string, TypeObject>();

/**
 * How a function of this type is called.
 *
 * @param find what the contract says of a struct or enum
 * @throws VaisError `usage` for a type that does not pass between Node and native code by value
 */
export function conventionFor(
  type: string,
  name: string,
  find: (name: string) => ContractStruct | undefined,
): Convention {
  const { params, result } = parseSignature(type);
  const into = params.map((param) => conversionFor(param, name, find));
  const out = conversionFor(result, name, find);
  const parts = [out, ...into].map((one) => one.koffi);
  const raw = protoFor(parts.map((part) => (part === 'str' ? 'void *' : part)));
  return { proto: protoFor(parts), raw, params: into, result: out };
}

function protoFor([result = 'void', ...params]: readonly string[]): TypeObject {
  const key = `${result}(${params.join()})`;
  const proto = protos.get(key) ?? koffi.proto(result, params);
  protos.set(key, proto);
  return proto;
}

function conversionFor(text: string, name: string, find: (name: string) => ContractStruct | undefined): Conversion {
  const type = parseType(text);
  switch (type.kind) {
    case 'void':
      return { koffi: 'void', to: () => undefined, from: () => undefined };
    case 'scalar': {
      const scalar = scalars[type.name];
      return {
        koffi: names[type.name],
        to: scalar.check,
        from: (value) => scalar.from(value as number | bigint | boolean),
      };
    }
    case 'text':
      return {
        koffi: 'str',
        to: (value, where) => {
          if (value === null || typeof value === 'string') return value;
          throw unfit(value, 'str', where, 'a string or null');
        },
        from: (value) => value as string | null,
      };
    case 'pointer':
      return { koffi: 'void *', to: pointer(text), from: address };
    case 'function':
      return { koffi: 'void *', to: pointer(text), from: address };
    case 'named': {
      const struct = find(type.name);
      if (struct !== undefined && enumKind(struct) === 'plain') return conversionFor('i32', name, find);
    }
  }
  throw new VaisError('usage', `${name} takes or gives ${text} by value, which Node programs cannot`, {
    hint: 'Let it take a pointer.',
  });
}

function pointer(type: string): Conversion['to'] {
  const bytes = type === '*i8' || type === '*u8';
  return (value, where) => {
    // Lives as long as koffi holds its arguments, which is until the call returns.
    if (bytes && typeof value === 'string') return Buffer.from(`${value}\0`);
    return addressFrom(value, type, where);
  };
}

function address(value: unknown): bigint | null {
  return value as bigint | null;
}
