import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalImage } from '../../artifact/transfer/local-image.ts';
import type { Digest } from '../../common/digest.ts';
import { storageError } from '../../common/files.ts';

/** So many images are kept, and so many bytes of them; the one that was used last goes last. */
const maxImages = 32;
const maxBytes = 1024 * 1024 * 1024;
const pieceBytes = 1024 * 1024;

/** Where images are kept: `$XDG_CACHE_HOME/vais-remote/images`, else `~/.cache/vais-remote/images`. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  const base = env['XDG_CACHE_HOME'] || join(env['HOME'] || env['USERPROFILE'] || '.', '.cache');
  return join(base, 'vais-remote', 'images');
}

/**
 * The images that were pushed from this machine, by their digest, so that the next one can travel as a delta. It may be
 * emptied at any time: then the next push is a whole one.
 */
export class ImageCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The file with this image, if it is there. Nobody has looked whether it is still right. */
  async find(digest: Digest): Promise<string | undefined> {
    const path = join(this.#folder, digest);
    try {
      const now = new Date();
      await utimes(path, now, now);
      return path;
    } catch {
      return undefined;
    }
  }

  /** Keeps an image. Where that cannot be, it is not kept. */
  async keep(digest: Digest, image: LocalImage): Promise<void> {
    const path = join(this.#folder, digest);
    const aside = join(this.#folder, `.${randomBytes(8).toString('hex')}.tmp`);
    try {
      if ((await this.find(digest)) !== undefined) return;
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      if (image.kind === 'bytes') await writeFile(aside, image.bytes, { mode: 0o600 });
      else await link(image.path, aside);
      await rename(aside, path);
      await this.#trim();
    } catch {
      await rm(aside, { force: true }).catch(() => undefined);
    }
  }

  /** Forgets an image. */
  async drop(digest: Digest): Promise<void> {
    await rm(join(this.#folder, digest), { force: true }).catch(() => undefined);
  }

  /**
   * Takes a copy of a file in, which nobody changes while it is sent, without having all of it in memory.
   *
   * @throws VaisError `storage` when the copy cannot be written
   */
  async copy(path: string): Promise<{ readonly digest: Digest; readonly image: LocalImage }> {
    const aside = join(this.#folder, `.${randomBytes(8).toString('hex')}.tmp`);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const { digest, size } = await copyAndHash(path, aside);
      const kept = join(this.#folder, digest);
      await rename(aside, kept);
      await this.#trim();
      return { digest, image: { kind: 'file', size, path: kept } };
    } catch (thrown) {
      await rm(aside, { force: true }).catch(() => undefined);
      throw storageError(`cannot copy ${path} to ${this.#folder}`, thrown);
    }
  }

  async #trim(): Promise<void> {
    const kept = [];
    for (const name of await readdir(this.#folder)) {
      const there = await stat(join(this.#folder, name)).catch(() => undefined);
      if (there !== undefined) kept.push({ name, size: there.size, at: there.mtimeMs });
    }
    kept.sort((a, b) => b.at - a.at);
    let bytes = 0;
    for (const [index, { name, size }] of kept.entries()) {
      bytes += size;
      // The newest may be on its way, however large it is.
      if (index > 0 && (index >= maxImages || bytes > maxBytes)) await rm(join(this.#folder, name), { force: true });
    }
  }
}

async function copyAndHash(from: string, to: string): Promise<{ digest: Digest; size: number }> {
  const source = await open(from, 'r');
  try {
    const target = await open(to, 'wx', 0o600);
    try {
      const hash = createHash('sha256');
      const piece = Buffer.allocUnsafe(pieceBytes);
      for (let size = 0; ; ) {
        const { bytesRead } = await source.read(piece, 0, pieceBytes);
        if (bytesRead === 0) return { digest: hash.digest('hex') as Digest, size };
        hash.update(piece.subarray(0, bytesRead));
        for (let done = 0; done < bytesRead; )
          done += (await target.write(piece, done, bytesRead - done, size + done)).bytesWritten;
        size += bytesRead;
      }
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
