import { VaisError } from '../../common/error.ts';

/** The error for a delta whose bytes contradict each other. */
export function brokenDelta(what: string): VaisError {
  return new VaisError('image_invalid', `the delta is damaged: ${what}`, { hint: 'Send the whole library instead.' });
}

/** Bytes that grow: the streams that a delta is made of. Numbers are LEB128: seven bits a byte, the low ones first. */
export class DeltaWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** What was written so far; not a copy. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  /** A whole number from 0 to 2^53 - 1. */
  number(value: number): void {
    this.#room(8);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  /** A whole number of either sign: zigzag, so that small ones stay small. */
  signed(value: number): void {
    this.number(value < 0 ? -2 * value - 1 : 2 * value);
  }

  append(bytes: Uint8Array): void {
    this.#room(bytes.byteLength);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.byteLength;
  }

  #room(more: number): void {
    const need = this.#length + more;
    if (need <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(need, this.#bytes.byteLength * 2));
    grown.set(this.bytes);
    this.#bytes = grown;
  }
}

/** Reads what a DeltaWriter wrote, from bytes that nobody vouches for. Throws `image_invalid`, and nothing else. */
export class DeltaReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.byteLength - this.#at;
  }

  number(what: string): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count += 1) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw brokenDelta(`it ends within ${what}`);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw brokenDelta(`${what} is no number`);
  }

  signed(what: string): number {
    const value = this.number(what);
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  /** The next bytes themselves, not a copy. */
  slice(length: number, what: string): Uint8Array {
    if (length > this.left) throw brokenDelta(`${what} should have ${length} bytes, and ${this.left} are left`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
