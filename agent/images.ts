import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestOf } from '../common/digest.ts';
import { VaisError } from '../common/error.ts';
import { makePrivateFolder, placeFile, sweepTemporaries, syncFile } from '../common/files.ts';

/** The images that an agent has, by content: `images/DIGEST`. No name from the wire is part of a path. */
export class ImageStore {
  readonly #folder: string;
  readonly #maxBytes: number;
  /** What all images take; undefined: to be counted. */
  #total: number | undefined;

  private constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /**
   * Opens the store in an agent's data folder.
   *
   * @param maxBytes what all images may take together
   * @throws VaisError `storage`
   */
  static async open(dataFolder: string, maxBytes = Number.POSITIVE_INFINITY): Promise<ImageStore> {
    const folder = join(dataFolder, 'images');
    await makePrivateFolder(folder);
    await sweepTemporaries(folder);
    return new ImageStore(folder, maxBytes);
  }

  /** Where the image with this digest stands, or would. */
  path(digest: Digest): string {
    return join(this.#folder, digest);
  }

  /** The image's bytes, or undefined when it is not there or is damaged; a damaged one is removed. */
  async read(digest: Digest): Promise<Buffer | undefined> {
    const bytes = await readFile(this.path(digest)).catch(() => undefined);
    if (bytes === undefined || digestOf(bytes) === digest) return bytes;
    await rm(this.path(digest), { force: true }).catch(() => undefined); // Else it is replaced by the next `put`.
    this.#total = undefined;
    return undefined;
  }

  /** Stages bytes whose digest was verified. @throws VaisError `no_room` when there are too many, `storage` */
  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    const there = await stat(this.path(digest)).catch(() => undefined);
    if (there?.size === bytes.length && (await this.read(digest)) !== undefined) return;
    const all = (this.#total ?? (await this.#size())) + bytes.length;
    if (all > this.#maxBytes)
      throw new VaisError(
        'no_room',
        `with this image, all that are kept would be ${all} bytes, over ${this.#maxBytes}`,
      );
    this.#total = all;
    placeFile(this.path(digest), bytes);
  }

  async #size(): Promise<number> {
    const stats = await Promise.all(
      (await readdir(this.#folder)).map((name) => stat(join(this.#folder, name)).catch(() => undefined)),
    );
    return stats.reduce((sum, each) => sum + (each?.size ?? 0), 0);
  }

  /** Returns when the image is on the disk. @throws VaisError `storage` */
  sync(digest: Digest): Promise<void> {
    return syncFile(this.path(digest));
  }
}
