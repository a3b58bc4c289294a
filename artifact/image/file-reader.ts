import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ByteReader } from './byte-reader.ts';

const windowSize = 65_536;
const maxWindows = 16;

/**
 * A `ByteReader` over a file, of which it holds a megabyte at most: to look at the headers and tables of a library without
 * reading all of it. What it has not read yet may change meanwhile; whoever minds has checked the digest.
 */
export class FileReader extends ByteReader {
  readonly #file: number;
  readonly #size: number;
  /** By where they begin, the longest unused first. */
  readonly #windows = new Map<number, Buffer>();

  private constructor(file: number, size: number) {
    super(new Uint8Array());
    this.#file = file;
    this.#size = size;
  }

  /** Reads with the file open. @throws Error of the file system, and what `read` throws */
  static with<Result>(path: string, read: (reader: FileReader) => Result): Result {
    const file = openSync(path, 'r');
    try {
      return read(new FileReader(file, fstatSync(file).size));
    } finally {
      closeSync(file);
    }
  }

  override get size(): number {
    return this.#size;
  }

  override u8(at: number, what: string): number {
    return this.#get(at, 1, what).readUInt8();
  }

  override u16(at: number, what: string): number {
    return this.#get(at, 2, what).readUInt16LE();
  }

  override u32(at: number, what: string): number {
    return this.#get(at, 4, what).readUInt32LE();
  }

  override u64(at: number, what: string): number {
    return Number(this.#get(at, 8, what).readBigUInt64LE());
  }

  override slice(at: number, length: number, what: string): Uint8Array {
    this.require(at, length, what);
    const bytes = Buffer.alloc(length);
    this.#read(bytes, at);
    return bytes;
  }

  override holdsString(at: number, text: string): boolean {
    if (at < 0 || at + text.length + 1 > this.#size) return false;
    return this.#get(at, text.length + 1, text).equals(Buffer.from(`${text}\0`, 'latin1'));
  }

  override shortString(at: number, max: number): string {
    if (at < 0 || at >= this.#size) return '';
    const length = Math.min(max, this.#size - at);
    return new ByteReader(this.#get(at, length, 'a string')).shortString(0, length);
  }

  #get(at: number, length: number, what: string): Buffer {
    this.require(at, length, what);
    const begin = at - (at % windowSize);
    if (at + length > begin + windowSize) return Buffer.from(this.slice(at, length, what));
    const window = this.#windows.get(begin) ?? this.#load(begin);
    return window.subarray(at - begin, at - begin + length);
  }

  #load(begin: number): Buffer {
    const window = Buffer.alloc(Math.min(windowSize, this.#size - begin));
    this.#read(window, begin);
    const [oldest] = this.#windows.keys();
    if (oldest !== undefined && this.#windows.size >= maxWindows) this.#windows.delete(oldest);
    this.#windows.set(begin, window);
    return window;
  }

  /** Where the file has become shorter, what is missing stays zero. */
  #read(into: Buffer, at: number): void {
    for (let done = 0; done < into.length; ) {
      const count = readSync(this.#file, into, done, into.length - done, at + done);
      if (count === 0) return;
      done += count;
    }
  }
}
