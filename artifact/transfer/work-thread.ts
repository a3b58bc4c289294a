/** The body of the thread for large work: see `work.ts`. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { Digest } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import { readImageFile } from '../contract/image.ts';
import { applyDelta, encodeDelta } from '../delta/delta.ts';
import type { Order, Reply } from './work.ts';

const pieceBytes = 1024 * 1024;

function perform(order: Order): unknown {
  switch (order.kind) {
    case 'digest':
      return digestOfFile(order.path);
    case 'image':
      return readImageFile(order.path, order.digest);
    case 'encode': {
      const next = typeof order.next === 'string' ? readFileSync(order.next) : order.next;
      return encodeDelta(readFileSync(order.old), next);
    }
    case 'apply': {
      const next = applyDelta(readFileSync(order.old), order.delta, { maxBytes: order.maxBytes });
      writeFileSync(order.to, next, { flag: 'wx', mode: 0o600 });
      return undefined;
    }
  }
}

function digestOfFile(path: string): Digest {
  const file = openSync(path, 'r');
  try {
    const hash = createHash('sha256');
    const piece = Buffer.allocUnsafe(pieceBytes);
    for (let count = -1; count !== 0; ) {
      count = readSync(file, piece);
      hash.update(piece.subarray(0, count));
    }
    return hash.digest('hex') as Digest;
  } finally {
    closeSync(file);
  }
}

function failure(thrown: unknown): VaisError {
  if (thrown instanceof Error && 'syscall' in thrown)
    return new VaisError('storage', `cannot read or write an image: ${thrown.message}`);
  return VaisError.from(thrown);
}

parentPort?.on('message', ({ id, order }: { id: number; order: Order }) => {
  let reply: Reply;
  try {
    reply = { id, value: perform(order) };
  } catch (thrown) {
    reply = { id, error: failure(thrown).toJSON() };
  }
  parentPort?.postMessage(reply);
});
