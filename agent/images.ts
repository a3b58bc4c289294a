import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestOf } from '../common/digest.ts';
import { makePrivateFolder, placeFile, sweepTemporaries, syncFile } from '../common/files.ts';

/** The images that an agent has, by content: `images/DIGEST`. No name from the wire is part of a path. */
export class ImageStore {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Opens the store in an agent's data folder. @throws VaisError `storage` */
  static async open(dataFolder: string): Promise<ImageStore> {
    const folder = join(dataFolder, 'images');
    await makePrivateFolder(folder);
    await sweepTemporaries(folder);
    return new ImageStore(folder);
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
    return undefined;
  }

  /** Stages bytes whose digest was verified. @throws VaisError `storage` */
  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    const there = await stat(this.path(digest)).catch(() => undefined);
    if (there?.size === bytes.length && (await this.read(digest)) !== undefined) return;
    placeFile(this.path(digest), bytes);
  }

  /** Returns when the image is on the disk. @throws VaisError `storage` */
  sync(digest: Digest): Promise<void> {
    return syncFile(this.path(digest));
  }
}
