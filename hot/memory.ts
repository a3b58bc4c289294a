import koffi from 'koffi';

/** Bytes at a fixed address, which native code and JavaScript both read and write. */
export class Memory {
  readonly buffer: ArrayBuffer;
  readonly view: DataView;
  readonly address: bigint;
  /** What addresses that were stored in here point to, by the place of the address: it must live as long. */
  readonly kept = new Map<number, object>();

  private constructor(buffer: ArrayBuffer, start: number, size: number, address: bigint) {
    this.buffer = buffer;
    this.view = new DataView(buffer, start, size);
    this.address = address;
  }

  /** New bytes, all zero. They live as long as this object does, and an ArrayBuffer's bytes never move. */
  static make(size: number, align: number): Memory {
    const buffer = new ArrayBuffer(Math.max(1, size) + align);
    const address = koffi.address(buffer);
    const start = Number((BigInt(align) - (address % BigInt(align))) % BigInt(align));
    return new Memory(buffer, start, Math.max(1, size), address + BigInt(start));
  }

  /** Bytes that are native code's own. */
  static at(address: bigint, size: number): Memory {
    return new Memory(koffi.view(address, Math.max(1, size)), 0, Math.max(1, size), address);
  }

  bytes(at: number, size: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.buffer, this.view.byteOffset + at, size);
  }
}
