import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../common/files.ts';
import type { AttachWish } from './attach.ts';

/** What was attached, so that it can be again when its container has restarted. */
interface Record {
  readonly format: 1;
  readonly container: string;
  readonly wish: AttachWish;
}

/** The containers that this developer attached an agent to: a file each, named by the container's id. */
export class AttachedStore {
  readonly #folder: string;

  constructor(config: string) {
    this.#folder = join(config, 'attached');
  }

  /** What was wished for this container; undefined where nothing was attached, or it was taken out again. */
  async find(id: string): Promise<AttachWish | undefined> {
    try {
      const { format, container, wish } = JSON.parse(await readFile(this.#path(id), 'utf8')) as Record;
      return format === 1 && container === id ? wish : undefined;
    } catch {
      return undefined;
    }
  }

  /** @throws VaisError `storage` */
  async save(id: string, wish: AttachWish): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await replaceFile(this.#path(id), `${JSON.stringify({ format: 1, container: id, wish } satisfies Record)}\n`);
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
    if ((await readdir(this.#folder).catch(() => ['none'])).length === 0) await rm(this.#folder, { recursive: true });
  }

  #path(id: string): string {
    return join(this.#folder, `${id.replace(/[^0-9a-f]/g, '')}.json`);
  }
}
