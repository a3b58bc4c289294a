import koffi, { type TypeObject } from 'koffi';
import type { ContractStruct } from '../artifact/contract/contract.ts';
import { VaisError } from '../common/error.ts';
import { byValue, type CType, plain } from './by-value.ts';
import { enumKind } from './field.ts';
import type { Layouts } from './layout.ts';
import { addressFrom } from './pointer.ts';
import { scalars, unfit } from './scalar.ts';
import type { HotResult } from './signature.ts';
import { parseSignature, parseType } from './types.ts';

/** A value on its way into native code, and out of it. */
interface Conversion {
  readonly c: CType;
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

/** For ever, as koffi's types are too: there are as many as signatures, and not as reloads. */
const protos = new Map<string, TypeObject>();

const nothing: CType = { key: 'void', type: 'void' };
const text: CType = { key: 'str', type: 'str' };

/**
 * How a function of this type is called.
 *
 * @param find what the contract says of a struct or enum
 * @param layouts of the structs that the program holds
 * @throws VaisError `usage` for a type that does not pass between Node and native code by value
 */
export function conventionFor(
  type: string,
  name: string,
  find: (name: string) => ContractStruct | undefined,
  layouts: Layouts,
): Convention {
  const { params, result } = parseSignature(type);
  const into = params.map((param) => conversionFor(param, name, find, layouts));
  const out = conversionFor(result, name, find, layouts);
  const parts = [out, ...into].map((one) => one.c);
  const raw = protoFor(parts.map((part) => (part === text ? plain('address') : part)));
  return { proto: protoFor(parts), raw, params: into, result: out };
}

function protoFor([result = nothing, ...params]: readonly CType[]): TypeObject {
  const key = `${result.key}(${params.map((param) => param.key).join()})`;
  const types = params.map((param) => param.type);
  const proto = protos.get(key) ?? koffi.proto(result.type, types);
  protos.set(key, proto);
  return proto;
}

function conversionFor(
  stated: string,
  name: string,
  find: (name: string) => ContractStruct | undefined,
  layouts: Layouts,
): Conversion {
  const type = parseType(stated);
  switch (type.kind) {
    case 'void':
      return { c: nothing, to: () => undefined, from: () => undefined };
    case 'scalar': {
      const scalar = scalars[type.name];
      return {
        c: plain(type.name),
        to: scalar.check,
        from: (value) => scalar.from(value as number | bigint | boolean),
      };
    }
    case 'text':
      return {
        c: text,
        to: (value, where) => {
          if (value === null || typeof value === 'string') return value;
          throw unfit(value, 'str', where, 'a string or null');
        },
        from: (value) => value as string | null,
      };
    case 'pointer':
    case 'function':
      return { c: plain('address'), to: pointer(stated), from: address };
    case 'named': {
      const struct = find(type.name);
      if (struct !== undefined && enumKind(struct) === 'plain') return conversionFor('i32', name, find, layouts);
    }
  }
  const whole = byValue(stated, find, layouts);
  if (whole !== undefined) return { c: whole, to: whole.to, from: whole.from };
  throw new VaisError('usage', `${name} takes or gives ${stated} by value, which Node programs cannot`, {
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
