import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../../artifact/act/manifest.ts';
import { ChunkAssembler } from '../../artifact/transfer/assembler.ts';
import { type Chunk, chunkSize } from '../../artifact/transfer/chunk.ts';
import { digestOf } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import { makePrivateFolder, moveFile, storageError } from '../../common/files.ts';

/** At most so many unfinished images are kept, and for so long after their last byte, in milliseconds. */
const maxPartials = 32;
/** One developer has at most half of what there is in number and bytes, so that there is room for the others. */
const shareOfOne = 0.5;
const maxAgeMs = 24 * 3_600_000;

/**
 * An image that is on its way, as far as it has come: a file that grows chunk by chunk, and the hash of what is in it.
 * What is not finished stays for the same developer to go on with.
 */
export class Partial {
  readonly path: string;
  /** Whether some of it came with an earlier offer. */
  readonly resumed: boolean;
  readonly #file: FileHandle;
  readonly #assembler: ChunkAssembler;
  readonly #onClosed: () => void;
  /** What is being written. */
  #writing: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  private constructor(path: string, file: FileHandle, assembler: ChunkAssembler, onClosed: () => void) {
    this.path = path;
    this.#file = file;
    this.#assembler = assembler;
    this.#onClosed = onClosed;
    this.resumed = assembler.wanted > 0;
  }

  /** Opens the file and reads what is in it. @throws VaisError `storage` */
  static async open(path: string, { size, digest }: Manifest, onClosed: () => void): Promise<Partial> {
    const file = await open(path, 'a+', 0o600).catch((thrown: unknown) => {
      throw storageError(`cannot write ${path}`, thrown);
    });
    await file.close();
    const handle = await open(path, 'r+');
    const write = async (bytes: Uint8Array, offset: number): Promise<void> => {
      try {
        for (let done = 0; done < bytes.length; )
          done += (await handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
      } catch (thrown) {
        throw storageError(`cannot write ${path}`, thrown);
      }
    };
    try {
      const assembler = new ChunkAssembler({ size, digest, maxBytes: size }, write);
      const there = (await handle.stat()).size;
      const piece = Buffer.allocUnsafe(chunkSize);
      // The last chunk is not taken over, as it would complete what may not be right.
      for (let end = chunkSize; end <= there && end < size; end += chunkSize) {
        await handle.read(piece, 0, chunkSize, assembler.received);
        assembler.restore(piece);
      }
      await handle.truncate(assembler.received);
      return new Partial(path, handle, assembler, onClosed);
    } catch (thrown) {
      await handle.close();
      onClosed();
      throw storageError(`cannot read ${path}`, thrown);
    }
  }

  /** The index of the next chunk. */
  get wanted(): number {
    return this.#assembler.wanted;
  }

  get complete(): boolean {
    return this.#assembler.complete;
  }

  /** Takes the next chunk: on return it is in the file. One at a time. @throws VaisError as `ChunkAssembler.add` */
  add(chunk: Chunk): Promise<void> {
    const written = this.#assembler.add(chunk);
    this.#writing = written.catch(() => undefined);
    return written;
  }

  /** Lets the file go; what is in it stays. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** The whole image, under another name, so that nobody goes on with it. @throws VaisError `storage` */
  async finish(path: string): Promise<void> {
    await this.close();
    await moveFile(this.path, path);
  }

  /** Lets the file go, and removes it. */
  async discard(): Promise<void> {
    await this.close();
    await rm(this.path, { force: true }).catch(() => undefined);
  }

  async #close(): Promise<void> {
    await this.#writing;
    await this.#file.close().catch(() => undefined);
    this.#onClosed();
  }
}

interface Held {
  readonly owner: string;
  readonly partial: Promise<Partial>;
  readonly onTaken: () => void;
  readonly size: number;
}

/** The images that are on their way to an agent: `uploads/HASH`. No name from the wire is part of a path. */
export class PartialStore {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #held = new Map<string, Held>();

  private constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /**
   * Opens the store in an agent's data folder.
   *
   * @param maxBytes what all that is unfinished may take together
   * @throws VaisError `storage`
   */
  static async open(dataFolder: string, maxBytes = Number.POSITIVE_INFINITY): Promise<PartialStore> {
    const folder = join(dataFolder, 'uploads');
    await makePrivateFolder(folder);
    const store = new PartialStore(folder, maxBytes);
    for (const name of await store.#names()) if (name.endsWith('.made')) await store.#remove(name);
    await store.#makeRoom(0);
    return store;
  }

  /**
   * Begins to take an image, or goes on where it was left. Whoever was taking it has to let go: their connection may be one
   * that nobody has noticed to be dead.
   *
   * @param owner who sends it: what one developer has sent, no other goes on with; empty where nobody knows
   * @param onTaken called when somebody else goes on with it
   * @throws VaisError `busy` when too many are on their way, `storage`
   */
  async take(owner: string, manifest: Manifest, onTaken: () => void): Promise<Partial> {
    const { program, module, digest, size } = manifest;
    const name = digestOf([owner, program, module, digest].join('\n'));
    for (let held = this.#held.get(name); held !== undefined; held = this.#held.get(name)) {
      held.onTaken();
      await held.partial.then(
        (partial) => partial.close(),
        () => undefined,
      );
    }
    const others = [...this.#held.values()];
    const all = others.reduce((sum, each) => sum + each.size, size);
    const own = others.filter((each) => each.owner === owner);
    const ownBytes = own.reduce((sum, each) => sum + each.size, size);
    const isGreedy = owner !== '' && (own.length >= shareOfOne * maxPartials || ownBytes > shareOfOne * this.#maxBytes);
    if (isGreedy || others.length >= maxPartials || all > this.#maxBytes)
      throw new VaisError('busy', `the agent has ${all - size} bytes of ${others.length} other images on their way`, {
        hint: 'Push again when those are through.',
      });
    const opening = this.#makeRoom(all, name).then(() =>
      Partial.open(join(this.#folder, name), manifest, () => {
        if (this.#held.get(name)?.partial === opening) this.#held.delete(name);
      }),
    );
    this.#held.set(name, { owner, partial: opening, onTaken, size });
    try {
      return await opening;
    } catch (thrown) {
      if (this.#held.get(name)?.partial === opening) this.#held.delete(name);
      throw thrown;
    }
  }

  /** A new place for a file that is to become an image. It is removed at the next start, if it is still there. */
  placeForMade(): string {
    return join(this.#folder, `${randomBytes(16).toString('hex')}.made`);
  }

  /** Removes what is old, and of what nobody writes the oldest, until so many bytes more are within the limits. */
  async #makeRoom(bytes: number, keep?: string): Promise<void> {
    const idle = [];
    for (const name of await this.#names()) {
      if (name === keep || name.endsWith('.made') || this.#held.has(name)) continue;
      const there = await stat(join(this.#folder, name)).catch(() => undefined);
      if (there !== undefined) idle.push({ name, size: there.size, at: there.mtimeMs });
    }
    idle.sort((a, b) => b.at - a.at);
    let room = this.#maxBytes - bytes;
    let count = maxPartials - this.#held.size - 1;
    for (const { name, size, at } of idle) {
      room -= size;
      count -= 1;
      if (room < 0 || count < 0 || Date.now() - at > maxAgeMs) await this.#remove(name);
    }
  }

  async #names(): Promise<string[]> {
    return await readdir(this.#folder).catch((thrown: unknown) => {
      throw storageError(`cannot read ${this.#folder}`, thrown);
    });
  }

  #remove(name: string): Promise<void> {
    return rm(join(this.#folder, name), { force: true }).catch(() => undefined);
  }
}
