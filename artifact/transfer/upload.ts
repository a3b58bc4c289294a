import { type Chunk, chunkSize, chunkSizeAt, encodeChunks } from './chunk.ts';
import { Effort } from './effort.ts';
import { type LocalImage, withPieces } from './local-image.ts';

/** So many chunks may be under way that the receiver has not on its disk: 16 MiB, for 300 MB/s at a round trip of 50 ms. */
const maxUnderWay = 32;

/** How an image travels, and how much of it has come. */
export interface Progress {
  /** Bytes of the image that the receiver has; of those, how many it had before. */
  readonly bytes: number;
  readonly had: number;
  /** Bytes of the image. */
  readonly of: number;
  /** Bytes that were sent for that. */
  readonly sent: number;
}

/** What an upload works with. */
export interface UploadDeps {
  /** Resolves when the line can take more. */
  readonly send: (nonce: number, chunk: Chunk) => Promise<void>;
  /** True where the receiver is so near that compressing takes longer than sending. */
  readonly near: boolean;
  readonly onProgress: (progress: Progress) => void;
}

/** Sends an image in chunks, as fast as the line and the receiver take them, from wherever that wants. */
export class Upload {
  readonly #image: LocalImage;
  readonly #deps: UploadDeps;
  /** Bytes that each chunk took. */
  readonly #sizes: number[] = [];
  #taken = 0;
  #had = 0;
  #sent = 0;
  #effort: Effort;
  #wake: () => void = () => undefined;
  #run = 0;

  constructor(image: LocalImage, deps: UploadDeps) {
    this.#image = image;
    this.#deps = deps;
    this.#effort = new Effort(deps.near);
  }

  /** Sends the chunks from this one on; what it was sending before, it sends no more. @throws VaisError `storage` */
  async start(nonce: number, from: number): Promise<void> {
    const run = ++this.#run;
    this.#wake();
    this.#taken = from;
    this.#had = this.#before(from);
    this.#effort = new Effort(this.#deps.near);
    this.#sent = 0;
    this.#tell();
    await withPieces(this.#image, async (source) => {
      let since = performance.now();
      for await (const chunk of encodeChunks(source, () => this.#effort.now, from)) {
        const { index, size, data } = chunk;
        const madeAt = performance.now();
        this.#effort.made(madeAt - since, size, data.length);
        while (this.#run === run && index - this.#taken >= maxUnderWay)
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        if (this.#run !== run) return;
        this.#sizes[index] = data.length;
        await this.#deps.send(nonce, chunk);
        since = performance.now();
        this.#effort.waited(since - madeAt);
      }
    });
  }

  /** The receiver has all chunks before this one. */
  taken(chunk: number): void {
    let bytes = 0;
    for (let index = this.#taken; index < chunk; index += 1) bytes += this.#sizes[index] ?? 0;
    this.#sent += bytes;
    this.#taken = Math.max(this.#taken, chunk);
    this.#effort.taken(bytes);
    this.#wake();
    this.#tell();
  }

  /** Sends no more. Idempotent. */
  stop(): void {
    this.#run += 1;
    this.#wake();
  }

  #tell(): void {
    const bytes = this.#before(this.#taken);
    this.#deps.onProgress({ bytes, had: this.#had, of: this.#image.size, sent: this.#sent });
  }

  #before(chunk: number): number {
    return chunk === 0 ? 0 : (chunk - 1) * chunkSize + chunkSizeAt(chunk - 1, this.#image.size);
  }
}
