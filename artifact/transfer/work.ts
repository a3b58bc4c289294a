import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Digest } from '../../common/digest.ts';
import { type ErrorShape, VaisError } from '../../common/error.ts';
import { packageRoot } from '../../common/package-root.ts';
import type { Image } from '../contract/image.ts';

/** What takes too long for an event loop that has others to serve. Paths are those of files that do not change meanwhile. */
export interface Jobs {
  /** SHA-256 of a file. */
  readonly digest: { readonly ask: { readonly path: string }; readonly answer: Digest };
  /** What an image is, from a file of which the digest is known. */
  readonly image: { readonly ask: { readonly path: string; readonly digest: Digest }; readonly answer: Image };
  /** Makes a delta; undefined when none is worth its while. */
  readonly encode: {
    readonly ask: { readonly old: string; readonly next: string | Uint8Array };
    readonly answer: Uint8Array | undefined;
  };
  /** Writes what a delta makes of a file to another file, which must not be there yet. */
  readonly apply: {
    readonly ask: { readonly old: string; readonly delta: Uint8Array; readonly to: string; readonly maxBytes: number };
    readonly answer: undefined;
  };
}

/** A job on its way to the thread, and back. */
export type Order = { [Kind in keyof Jobs]: { readonly kind: Kind } & Jobs[Kind]['ask'] }[keyof Jobs];
export type Reply = { readonly id: number } & ({ readonly value: unknown } | { readonly error: ErrorShape });

/** What is larger, in bytes, is work for the thread. */
export const threadBytes = 4 * 1024 * 1024;

const program = join(packageRoot, 'dist', 'artifact', 'transfer', 'work-thread.js');

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: VaisError) => void;
}

/**
 * A thread for large work, one job after the other. It starts with the first job, and keeps no process alive that has
 * nothing else to do.
 */
export class WorkThread {
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #id = 0;
  #closed = false;

  /** @throws VaisError what the job does, and `internal` when the thread ends first */
  run<Kind extends keyof Jobs>(kind: Kind, ask: Jobs[Kind]['ask']): Promise<Jobs[Kind]['answer']> {
    if (this.#closed) return Promise.reject(new VaisError('internal', 'there is nobody to do large work any more'));
    const id = ++this.#id;
    const worker = this.#worker ?? this.#start();
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.ref(); // As long as somebody waits.
      worker.postMessage({ id, order: { kind, ...ask } });
    }) as Promise<Jobs[Kind]['answer']>;
  }

  /** Ends the thread. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(program, { execArgv: [], env: {} });
    this.#worker = worker;
    worker.on('message', (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (this.#waiting.size === 0) worker.unref();
      if ('error' in reply) waiting?.reject(VaisError.of(reply.error));
      else waiting?.resolve(reply.value);
    });
    let why = 'it ended';
    worker.on('error', (error) => {
      why = error.message;
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const { reject } of this.#waiting.values())
        reject(new VaisError('internal', `the thread for large work failed: ${why}`));
      this.#waiting.clear();
    });
    return worker;
  }
}
