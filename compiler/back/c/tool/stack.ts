import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';

const entrySize = 56;
const entries = 4;
const gnuStack = 0x6474e551;
const readWrite = 6;
const marker = 'vais:seg';

/**
 * C for an image by tcc: room for a table of segments with one more than tcc writes. It is loaded with the code, as
 * whoever looks at a loaded library looks for the table in memory.
 */
export const segmentRoom = `#if defined(__TINYC__)
static const unsigned long long vais_segments[${(entries * entrySize) / 8}] __attribute__((used, section("vais_segments"))) = {0x${Buffer.from(marker).readBigUInt64LE().toString(16)}ULL};
#endif`;

/**
 * Says in an image by tcc that it needs no executable stack. tcc leaves that out, and a loader takes it for a wish:
 * glibc up to 2.40 makes the stacks of the whole program executable, and since 2.41 it refuses the library.
 */
export function needNoExecutableStack(library: string): void {
  const file = openSync(library, 'r+');
  try {
    const bytes = Buffer.alloc(fstatSync(file).size);
    readSync(file, bytes, 0, bytes.length, 0);
    const from = Number(bytes.readBigUInt64LE(32));
    const count = bytes.readUInt16LE(56);
    const room = bytes.indexOf(marker);
    const table = bytes.subarray(from, from + count * entrySize);
    for (let at = 0; at < table.length; at += entrySize) if (table.readUInt32LE(at) === gnuStack) return;
    if (room < 0 || count >= entries) return;
    table.copy(bytes, room);
    const entry = bytes.subarray(room + table.length, room + table.length + entrySize);
    entry.fill(0);
    entry.writeUInt32LE(gnuStack, 0);
    entry.writeUInt32LE(readWrite, 4);
    entry.writeBigUInt64LE(16n, 48);
    bytes.writeBigUInt64LE(BigInt(room), 32);
    bytes.writeUInt16LE(count + 1, 56);
    writeSync(file, bytes, 0, bytes.length, 0);
  } finally {
    closeSync(file);
  }
}
