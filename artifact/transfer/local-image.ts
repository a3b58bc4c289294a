import { type FileHandle, open } from 'node:fs/promises';
import { storageError } from '../../common/files.ts';
import { ByteReader } from '../image/byte-reader.ts';
import { FileReader } from '../image/file-reader.ts';
import type { ChunkSource } from './chunk.ts';

/**
 * An image that is to be sent: a small one in memory, a large one in a file that nobody changes, so that sending
 * it takes no memory.
 */
export type LocalImage =
  | { readonly kind: 'bytes'; readonly size: number; readonly bytes: Buffer }
  | { readonly kind: 'file'; readonly size: number; readonly path: string };

/** An image in memory. */
export function inMemory(bytes: Buffer): LocalImage {
  return { kind: 'bytes', size: bytes.length, bytes };
}

/** Looks into an image. @throws what `read` does, and Error of the file system */
export function lookInto<Result>(image: LocalImage, read: (reader: ByteReader) => Result): Result {
  return image.kind === 'bytes' ? read(new ByteReader(image.bytes)) : FileReader.with(image.path, read);
}

/** Lets `send` read an image piece by piece. @throws VaisError `storage`, and what `send` does */
export async function withPieces(image: LocalImage, send: (source: ChunkSource) => Promise<void>): Promise<void> {
  const { size } = image;
  if (image.kind === 'bytes') {
    const { bytes } = image;
    return await send({ size, read: (offset, length) => bytes.subarray(offset, offset + length) });
  }
  const file = await open(image.path, 'r').catch((thrown: unknown) => {
    throw storageError(`cannot read ${image.path}`, thrown);
  });
  try {
    await send({ size, read: (offset, length) => readPiece(file, offset, length) });
  } finally {
    await file.close();
  }
}

async function readPiece(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const piece = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(piece, done, length - done, offset + done);
    if (bytesRead === 0) throw storageError('cannot send an image', new Error('its file has become shorter'));
    done += bytesRead;
  }
  return piece;
}
