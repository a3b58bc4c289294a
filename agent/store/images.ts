import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Image, readImageFile } from '../../artifact/contract/image.ts';
import { threadBytes, type WorkThread } from '../../artifact/transfer/work.ts';
import { type Digest, digestOf, parseDigest } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import {
  makePrivateFolder,
  moveFile,
  placeFile,
  storageError,
  sweepTemporaries,
  syncFile,
} from '../../common/files.ts';
import type { DataFolder } from './data-folder.ts';

/** How many images there are, and their bytes together. */
export interface Usage {
  readonly count: number;
  readonly bytes: number;
}

/** The images that an agent has, by content: `images/DIGEST`. No name from the wire is part of a path. */
export class ImageStore {
  readonly #data: DataFolder;
  readonly #folder: string;
  readonly #thread: WorkThread | undefined;
  /** What all images may take together, in bytes. */
  readonly maxBytes: number;
  /** What all images take; undefined: to be counted. */
  #total: Usage | undefined;
  /** Counts what changes it, so that a count that is overtaken is not kept. */
  #changes = 0;
  /** One after the other: each finds room for itself. */
  #staging: Promise<unknown> = Promise.resolve();
  /** Those that something under way works with, and how many do. */
  readonly #held = new Map<Digest, number>();
  /** Those that could not be synced, so that what is on the disk may be less than what is read. */
  readonly #doubtful = new Set<Digest>();
  /** Removes what is not needed, where there is no room. */
  makeRoom: (bytes: number) => Promise<void> = async () => undefined;

  private constructor(data: DataFolder, folder: string, maxBytes: number, thread: WorkThread | undefined) {
    this.#data = data;
    this.#folder = folder;
    this.maxBytes = maxBytes;
    this.#thread = thread;
  }

  /**
   * Opens the store in an agent's data folder.
   *
   * @param maxBytes what all images may take together
   * @param thread for large images; without one they hold everything else up
   * @throws VaisError `storage`
   */
  static async open(data: DataFolder, maxBytes = Number.POSITIVE_INFINITY, thread?: WorkThread): Promise<ImageStore> {
    const folder = join(data.path, 'images');
    await makePrivateFolder(folder);
    await sweepTemporaries(folder);
    return new ImageStore(data, folder, maxBytes, thread);
  }

  /** Where the image with this digest stands, or would. */
  path(digest: Digest): string {
    return join(this.#folder, digest);
  }

  /**
   * The size of the image in bytes, or undefined when it is not there or is damaged; a damaged one is set aside.
   *
   * @throws VaisError `storage` when that cannot be found out
   */
  async has(digest: Digest): Promise<number | undefined> {
    const path = this.path(digest);
    let why = 'the disk cannot read it';
    try {
      const { size } = await stat(path);
      if ((await this.#digestOf(path, size)) === digest) return size;
      why = `its ${size} bytes are not those that its name says`;
    } catch (thrown) {
      const code = codeOf(thrown);
      if (code === 'ENOENT') return undefined;
      if (code !== 'EIO') throw storageError(`cannot read the image ${digest}`, thrown);
    }
    await this.#data.quarantine.take(path, why);
    this.#changed();
    return undefined;
  }

  /** Whether there is a file for it, damaged or not. */
  async isThere(digest: Digest): Promise<boolean> {
    return (await stat(this.path(digest)).catch(() => undefined)) !== undefined;
  }

  /** Whether the image is there and need not come again. @throws VaisError as `has` */
  async hasSound(digest: Digest): Promise<boolean> {
    return !this.#doubtful.has(digest) && (await this.has(digest)) !== undefined;
  }

  /** What an image is, or undefined when it is not there whole. @throws VaisError as `has`, and as `readImage` */
  async inspect(digest: Digest): Promise<Image | undefined> {
    const size = await this.has(digest);
    return size === undefined ? undefined : await this.inspectFile(this.path(digest), digest, size);
  }

  /** The same of a file elsewhere, of which digest and size are known. @throws VaisError as `readImage` */
  async inspectFile(path: string, digest: Digest, size: number): Promise<Image> {
    if (size > threadBytes && this.#thread !== undefined) return this.#thread.run('image', { path, digest });
    return readImageFile(path, digest);
  }

  /** Stages bytes whose digest was verified. @throws VaisError `no_room` when there are too many, `storage` */
  put(digest: Digest, bytes: Uint8Array): Promise<void> {
    return this.#stage(digest, bytes.length, (path) => placeFile(path, bytes));
  }

  /** Stages a file of the same data folder whose digest was verified, and which is the caller's no more. @throws as `put` */
  adopt(digest: Digest, from: string, size: number): Promise<void> {
    return this.#stage(digest, size, (path) => moveFile(from, path));
  }

  async #stage(digest: Digest, size: number, place: (path: string) => void | Promise<void>): Promise<void> {
    const there = await stat(this.path(digest)).catch(() => undefined);
    const isWhole = there?.size === size && (await this.has(digest)) !== undefined;
    if (isWhole && !this.#doubtful.has(digest)) return;
    const staged = this.#staging.then(() => this.#place(digest, size, place));
    this.#staging = staged.catch(() => undefined);
    await staged;
  }

  async #place(digest: Digest, size: number, place: (path: string) => void | Promise<void>): Promise<void> {
    const path = this.path(digest);
    const isThere = await this.isThere(digest);
    await this.requireRoom(size);
    const { count, bytes } = await this.usage();
    this.#changed();
    await place(path);
    this.#doubtful.delete(digest);
    this.#changed(isThere ? undefined : { count: count + 1, bytes: bytes + size });
  }

  #changed(total?: Usage): void {
    this.#changes += 1;
    this.#total = total;
  }

  /** Makes room for so many bytes more. @throws VaisError `no_room` when there is none, `storage` */
  async requireRoom(size: number): Promise<void> {
    if ((await this.usage()).bytes + size > this.maxBytes) await this.makeRoom(size);
    const all = (await this.usage()).bytes + size;
    if (all > this.maxBytes)
      throw new VaisError('no_room', `with this image, all that are kept would be ${all} bytes, over ${this.maxBytes}`);
  }

  /** What all images take. @throws VaisError `storage` */
  async usage(): Promise<Usage> {
    if (this.#total !== undefined) return this.#total;
    const before = this.#changes;
    const all = await this.list();
    const total = { count: all.length, bytes: all.reduce((sum, { size }) => sum + size, 0) };
    if (before === this.#changes) this.#total = total;
    return total;
  }

  /** All images that are there. @throws VaisError `storage` */
  async list(): Promise<{ readonly digest: Digest; readonly size: number; readonly modifiedAt: number }[]> {
    const names = await readdir(this.#folder).catch((thrown: unknown) => {
      throw storageError(`cannot look at ${this.#folder}`, thrown);
    });
    const digests = names.map(parseDigest).filter((digest) => digest !== undefined);
    const found = await Promise.all(
      digests.map(async (digest) => {
        const { size, mtimeMs } = (await stat(this.path(digest)).catch(() => undefined)) ?? {};
        return size === undefined || mtimeMs === undefined ? [] : [{ digest, size, modifiedAt: mtimeMs }];
      }),
    );
    return found.flat();
  }

  /** Keeps an image from being cleaned away as long as something works with it. Returns how to let it go. */
  hold(digest: Digest): () => void {
    this.#held.set(digest, (this.#held.get(digest) ?? 0) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#held.get(digest) ?? 1) - 1;
      if (left > 0) this.#held.set(digest, left);
      else this.#held.delete(digest);
    };
  }

  /** Removes an image, unless something works with it. Returns whether it did. @throws VaisError `storage` */
  async remove(digest: Digest): Promise<boolean> {
    if (this.#held.has(digest)) return false;
    this.#changed();
    await rm(this.path(digest), { force: true }).catch((thrown: unknown) => {
      throw storageError(`cannot remove the image ${digest}`, thrown);
    });
    this.#changed();
    return true;
  }

  /**
   * Returns when the image is on the disk.
   *
   * @throws VaisError `storage`. The next `put` writes the file anew then: a second sync of this one would say that all is
   * well, as the system has forgotten by then what it could not write
   */
  async sync(digest: Digest): Promise<void> {
    try {
      await syncFile(this.path(digest));
    } catch (thrown) {
      this.#doubtful.add(digest);
      throw thrown;
    }
  }

  async #digestOf(path: string, size: number): Promise<Digest> {
    if (size > threadBytes && this.#thread !== undefined) return await this.#thread.run('digest', { path });
    return digestOf(await readFile(path));
  }
}

/** The system's word for a failure, of which the thread for large work only sends the text. */
function codeOf(thrown: unknown): string | undefined {
  const { code, message } = thrown as NodeJS.ErrnoException;
  return code === 'storage' ? /\b(ENOENT|EIO)\b/.exec(message)?.[1] : code;
}
