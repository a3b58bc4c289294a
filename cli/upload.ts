import { type ChunkEffort, chunkSize, chunkSizeAt, effortFor, encodeChunks } from '../artifact/chunk.ts';
import type { SessionRequest } from '../rpc/gen/vais/remote/v1/SessionRequest.ts';
import { type LocalImage, withPieces } from './local-image.ts';

/** So many chunks may be under way that the agent has not on its disk: 16 MiB, for 300 MB/s at a round trip of 50 ms. */
const maxUnderWay = 32;
/** How fast the line is, is told after so long and then from what came in so long, in milliseconds. */
const rateMs = 300;

/** How an image travels, and how much of it has come. */
export interface Progress {
  /** Bytes of the image that the agent has; of those, how many it had before. */
  readonly bytes: number;
  readonly had: number;
  /** Bytes of the image. */
  readonly of: number;
  /** Bytes that were sent for that. */
  readonly sent: number;
}

/** What an upload works with. */
export interface UploadWorld {
  /** Resolves when the line can take more. */
  readonly send: (request: SessionRequest) => Promise<void>;
  /** True where the agent is so near that compressing takes longer than sending. */
  readonly near: boolean;
  readonly onProgress: (progress: Progress) => void;
}

/** Sends an image in chunks, as fast as the line and the agent take them, from wherever the agent wants. */
export class Upload {
  readonly #image: LocalImage;
  readonly #world: UploadWorld;
  /** Bytes that each chunk took. */
  readonly #sizes: number[] = [];
  #taken = 0;
  #had = 0;
  #sent = 0;
  #effort: ChunkEffort;
  #mark: { readonly at: number; readonly sent: number } | undefined;
  #wake: () => void = () => undefined;
  #run = 0;

  constructor(image: LocalImage, world: UploadWorld) {
    this.#image = image;
    this.#world = world;
    this.#effort = world.near ? 'none' : 'quick';
  }

  /** Sends the chunks from this one on; what it was sending before, it sends no more. @throws VaisError `storage` */
  async start(nonce: number, from: number): Promise<void> {
    const run = ++this.#run;
    this.#wake();
    this.#taken = from;
    this.#had = this.#before(from);
    this.#mark = { at: performance.now(), sent: 0 };
    this.#sent = 0;
    this.#tell();
    await withPieces(this.#image, async (source) => {
      for await (const { index, size, checksum, compression, data } of encodeChunks(source, () => this.#effort, from)) {
        while (this.#run === run && index - this.#taken >= maxUnderWay)
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        if (this.#run !== run) return;
        this.#sizes[index] = data.length;
        const compressed = compression === 'brotli' ? 'COMPRESSION_BROTLI' : 'COMPRESSION_UNSPECIFIED';
        await this.#world.send({
          chunk: { nonce, index, size, checksum, compression: compressed, data: asBuffer(data) },
        });
      }
    });
  }

  /** The agent has all chunks before this one. */
  taken(chunk: number): void {
    for (let index = this.#taken; index < chunk; index += 1) this.#sent += this.#sizes[index] ?? 0;
    this.#taken = Math.max(this.#taken, chunk);
    this.#wake();
    const now = performance.now();
    const mark = this.#mark;
    if (mark !== undefined && now - mark.at >= rateMs) {
      this.#effort = effortFor(((this.#sent - mark.sent) * 1000) / (now - mark.at));
      this.#mark = { at: now, sent: this.#sent };
    }
    this.#tell();
  }

  /** Sends no more. Idempotent. */
  stop(): void {
    this.#run += 1;
    this.#wake();
  }

  #tell(): void {
    const bytes = this.#before(this.#taken);
    this.#world.onProgress({ bytes, had: this.#had, of: this.#image.size, sent: this.#sent });
  }

  #before(chunk: number): number {
    return chunk === 0 ? 0 : (chunk - 1) * chunkSize + chunkSizeAt(chunk - 1, this.#image.size);
  }
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
