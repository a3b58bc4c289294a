import { VaisError } from '../../common/error.ts';

/** The error for a file that ends too early. `what` names the part that is not all there. */
export function truncated(what: string, end: number, size: number): VaisError {
  return new VaisError(
    'image_invalid',
    `the file is cut short: ${what} should end at byte ${end}, and it has ${size}`,
    {
      hint: 'Was it still being written? Build it again, and push it when the compiler is done.',
    },
  );
}

/**
 * Little-endian numbers, slices and strings from bytes that nobody vouches for: a read beyond the end throws
 * `image_invalid` and names what was to be read. Numbers of 64 bits beyond 2^53 lose their low bits, which is harmless here:
 * they are offsets and sizes, and no file is that large.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get size(): number {
    return this.bytes.byteLength;
  }

  u8(at: number, what: string): number {
    this.require(at, 1, what);
    return this.#view.getUint8(at);
  }

  u16(at: number, what: string): number {
    this.require(at, 2, what);
    return this.#view.getUint16(at, true);
  }

  u32(at: number, what: string): number {
    this.require(at, 4, what);
    return this.#view.getUint32(at, true);
  }

  u64(at: number, what: string): number {
    this.require(at, 8, what);
    return Number(this.#view.getBigUint64(at, true));
  }

  /** The bytes themselves, not a copy. */
  slice(at: number, length: number, what: string): Uint8Array {
    this.require(at, length, what);
    return this.bytes.subarray(at, at + length);
  }

  /** Throws unless the file has these bytes. */
  require(at: number, length: number, what: string): void {
    if (at < 0 || at + length > this.size) throw truncated(what, at + length, this.size);
  }

  /** Whether these ASCII characters and a NUL stand there; false, too, where the file ends before. */
  holdsString(at: number, text: string): boolean {
    if (at < 0 || at + text.length + 1 > this.size) return false;
    for (let index = 0; index < text.length; index += 1) {
      if (this.#view.getUint8(at + index) !== text.charCodeAt(index)) return false;
    }
    return this.#view.getUint8(at + text.length) === 0;
  }

  /** Printable ASCII up to a NUL or `max` characters, for messages and names of sections. */
  shortString(at: number, max: number): string {
    let text = '';
    for (let index = at; index >= 0 && index < Math.min(at + max, this.size); index += 1) {
      const code = this.#view.getUint8(index);
      if (code === 0) break;
      text += code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '?';
    }
    return text;
  }
}
