import koffi from 'koffi';
import { unfit } from './scalar.ts';
import { addressOf, isStruct, typeOf } from './struct.ts';

/**
 * The address that a value stands for; null for none. `type` is the type of the pointer: a struct of another type than
 * it points to is refused.
 */
export function addressFrom(value: unknown, type: string, where: string): bigint | null {
  if (value === null || value === 0n) return null;
  if (typeof value === 'bigint' && value > 0n && value < 2n ** 64n) return value;
  if (isStruct(value)) {
    // Bytes are bytes: a pointer to them may point to any struct.
    if (type === `*${typeOf(value)}` || type === '*i8' || type === '*u8') return addressOf(value);
    throw unfit(value, type, `${where}, a pointer,`, `a struct of that type, and not a ${typeOf(value)}`);
  }
  if (ArrayBuffer.isView(value)) return bytesAddress(value.buffer) + BigInt(value.byteOffset);
  if (value instanceof ArrayBuffer) return bytesAddress(value);
  throw unfit(value, type, where, 'a struct, a buffer, an address as a bigint, or null');
}

function bytesAddress(buffer: ArrayBufferLike): bigint {
  return koffi.address(buffer);
}
