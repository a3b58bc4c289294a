import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';

const headerSize = 64;
const entrySize = 56;
const gnuStack = 0x6474e551;
const readWrite = 6;

/**
 * Says in a library by tcc that it needs no executable stack. tcc leaves that out, and a loader takes it for a wish:
 * glibc up to 2.40 makes the stacks of the whole program executable, and since 2.41 it refuses the library. The table of
 * segments has no room for one more, so a longer one goes to the end of the file, where loaders read it as well.
 */
export function needNoExecutableStack(library: string): void {
  const file = openSync(library, 'r+');
  try {
    const header = Buffer.alloc(headerSize);
    if (readSync(file, header, 0, headerSize, 0) < headerSize || header.readUInt32BE(0) !== 0x7f454c46) return;
    const count = header.readUInt16LE(56);
    const table = Buffer.alloc((count + 1) * entrySize);
    readSync(file, table, 0, count * entrySize, Number(header.readBigUInt64LE(32)));
    for (let index = 0; index < count; index++) if (table.readUInt32LE(index * entrySize) === gnuStack) return;
    const entry = table.subarray(count * entrySize);
    entry.writeUInt32LE(gnuStack, 0);
    entry.writeUInt32LE(readWrite, 4);
    entry.writeBigUInt64LE(16n, 48);
    const end = Math.ceil(fstatSync(file).size / 8) * 8;
    writeSync(file, table, 0, table.length, end);
    header.writeBigUInt64LE(BigInt(end), 32);
    header.writeUInt16LE(count + 1, 56);
    writeSync(file, header, 0, headerSize, 0);
  } finally {
    closeSync(file);
  }
}
