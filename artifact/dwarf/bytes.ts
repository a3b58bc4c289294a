import { damagedDebug } from './debug-sections.ts';

/** Numbers and strings at a place in a debug section; a read beyond its end is `image_invalid`. */
export class DebugBytes {
  readonly bytes: Uint8Array;
  /** What they are, for messages: `.debug_info`. */
  readonly name: string;
  readonly #view: DataView;
  readonly #buffer: Buffer;
  /** One beyond the last byte that `leb` or `sleb` read. */
  next = 0;

  constructor(bytes: Uint8Array, name: string) {
    this.bytes = bytes;
    this.name = name;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get size(): number {
    return this.bytes.byteLength;
  }

  /** An unsigned number of 1, 2, 3, 4 or 8 bytes. */
  unsigned(at: number, size: number): number {
    this.require(at, size);
    switch (size) {
      case 1:
        return this.#view.getUint8(at);
      case 2:
        return this.#view.getUint16(at, true);
      case 3:
        return this.#view.getUint16(at, true) + this.#view.getUint8(at + 2) * 65_536;
      case 4:
        return this.#view.getUint32(at, true);
      case 8:
        return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
      default:
        throw damagedDebug(`a number of ${size} bytes in ${this.name}`);
    }
  }

  big(at: number): bigint {
    this.require(at, 8);
    return this.#view.getBigUint64(at, true);
  }

  leb(at: number): number {
    let value = 0;
    let scale = 1;
    for (let place = at; place < at + 10; place += 1) {
      const byte = this.bytes[place];
      if (byte === undefined) break;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.next = place + 1;
        return value;
      }
      scale *= 128;
    }
    throw damagedDebug(`a number at byte ${at} of ${this.name} does not end`);
  }

  /** Exact beyond 2^53, too. */
  sleb(at: number): bigint {
    let value = 0n;
    for (let place = at, shift = 0n; place < at + 10; place += 1, shift += 7n) {
      const byte = this.bytes[place];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.next = place + 1;
        return BigInt.asIntN(64, (byte & 0x40) === 0 ? value : value - (1n << (shift + 7n)));
      }
    }
    throw damagedDebug(`a number at byte ${at} of ${this.name} does not end`);
  }

  /** The exact unsigned number. */
  bigLeb(at: number): bigint {
    let value = 0n;
    for (let place = at, shift = 0n; place < at + 10; place += 1, shift += 7n) {
      const byte = this.bytes[place];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw damagedDebug(`a number at byte ${at} of ${this.name} does not end`);
  }

  /** The text up to a NUL. */
  text(at: number): string {
    const end = this.endOfText(at);
    return this.#buffer.toString('utf8', at, end);
  }

  /** Where the NUL of the text stands. */
  endOfText(at: number): number {
    const end = at < 0 || at > this.size ? -1 : this.#buffer.indexOf(0, at);
    if (end === -1) throw damagedDebug(`a text at byte ${at} of ${this.name} does not end`);
    return end;
  }

  slice(at: number, length: number): Uint8Array {
    this.require(at, length);
    return this.bytes.subarray(at, at + length);
  }

  require(at: number, length: number): void {
    if (!(at >= 0 && at + length <= this.size)) throw damagedDebug(`${this.name} ends before byte ${at + length}`);
  }
}
