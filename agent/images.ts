import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Image, readImageFile } from '../artifact/image.ts';
import { threadBytes, type WorkThread } from '../artifact/work.ts';
import { type Digest, digestOf } from '../common/digest.ts';
import { VaisError } from '../common/error.ts';
import { makePrivateFolder, placeFile, storageError, sweepTemporaries, syncFile } from '../common/files.ts';

/** The images that an agent has, by content: `images/DIGEST`. No name from the wire is part of a path. */
export class ImageStore {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #thread: WorkThread | undefined;
  /** What all images take; undefined: to be counted. */
  #total: number | undefined;

  private constructor(folder: string, maxBytes: number, thread: WorkThread | undefined) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#thread = thread;
  }

  /**
   * Opens the store in an agent's data folder.
   *
   * @param maxBytes what all images may take together
   * @param thread for large images; without one they hold everything else up
   * @throws VaisError `storage`
   */
  static async open(dataFolder: string, maxBytes = Number.POSITIVE_INFINITY, thread?: WorkThread): Promise<ImageStore> {
    const folder = join(dataFolder, 'images');
    await makePrivateFolder(folder);
    await sweepTemporaries(folder);
    return new ImageStore(folder, maxBytes, thread);
  }

  /** Where the image with this digest stands, or would. */
  path(digest: Digest): string {
    return join(this.#folder, digest);
  }

  /** The bytes of the image, or undefined when it is not there whole; a damaged one is removed. */
  async has(digest: Digest): Promise<number | undefined> {
    const path = this.path(digest);
    const size = await stat(path).then(
      (there) => there.size,
      () => undefined,
    );
    if (size === undefined) return undefined;
    const now = await this.#digestOf(path, size).catch(() => undefined);
    if (now === digest) return size;
    await rm(path, { force: true }).catch(() => undefined); // Else it is replaced by the next `put`.
    this.#total = undefined;
    return undefined;
  }

  /** What an image is, or undefined when it is not there whole. @throws VaisError as `readImage` */
  async inspect(digest: Digest): Promise<Image | undefined> {
    const size = await this.has(digest);
    return size === undefined ? undefined : this.inspectFile(this.path(digest), digest, size);
  }

  /** The same of a file elsewhere, of which digest and size are known. @throws VaisError as `readImage` */
  async inspectFile(path: string, digest: Digest, size: number): Promise<Image> {
    if (size > threadBytes && this.#thread !== undefined) return this.#thread.run('image', { path, digest });
    return readImageFile(path, digest);
  }

  /** Stages bytes whose digest was verified. @throws VaisError `no_room` when there are too many, `storage` */
  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    if ((await this.has(digest)) !== undefined) return;
    await this.requireRoom(bytes.length);
    placeFile(this.path(digest), bytes);
    this.#count(bytes.length);
  }

  /** Stages a file of the same data folder whose digest was verified, and which is no longer the caller's. @throws as `put` */
  async adopt(digest: Digest, path: string, size: number): Promise<void> {
    if ((await this.has(digest)) !== undefined) return await rm(path, { force: true });
    await this.requireRoom(size);
    await rename(path, this.path(digest)).catch((thrown: unknown) => {
      throw storageError('cannot stage an image', thrown);
    });
    this.#count(size);
  }

  /** @throws VaisError `no_room` when so many bytes more would be too many */
  async requireRoom(bytes: number): Promise<void> {
    this.#total ??= await this.#size();
    const all = this.#total + bytes;
    if (all > this.#maxBytes)
      throw new VaisError(
        'no_room',
        `with this image, all that are kept would be ${all} bytes, over ${this.#maxBytes}`,
      );
  }

  /** Returns when the image is on the disk. @throws VaisError `storage` */
  sync(digest: Digest): Promise<void> {
    return syncFile(this.path(digest));
  }

  async #digestOf(path: string, size: number): Promise<Digest> {
    if (size > threadBytes && this.#thread !== undefined) return this.#thread.run('digest', { path });
    return digestOf(await readFile(path));
  }

  #count(bytes: number): void {
    if (this.#total !== undefined) this.#total += bytes;
  }

  async #size(): Promise<number> {
    const stats = await Promise.all(
      (await readdir(this.#folder)).map((name) => stat(join(this.#folder, name)).catch(() => undefined)),
    );
    return stats.reduce((sum, each) => sum + (each?.size ?? 0), 0);
  }
}
