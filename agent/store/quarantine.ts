import { readdir, rename, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { makePrivateFolder, placeFile, readIfThere, storageError } from '../../common/files.ts';

/** A file of the data folder that was set aside. */
export interface QuarantinedFile {
  /** Where it stands now, in the data folder: `quarantine/…`. */
  readonly aside: string;
  /** Where it stood. */
  readonly file: string;
  /** What was wrong with it. */
  readonly why: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const noteEnd = '.why.json';
/** So many are named; there may be more. */
const mostNamed = 256;

/**
 * What was found broken in a data folder, set aside in `quarantine/` as it was found: nothing is thrown away, and nothing is
 * done silently. Whoever has looked at a file there removes it, or mends it and puts it back while no agent runs.
 */
export class Quarantine {
  readonly #data: string;
  readonly #folder: string;
  readonly #warn: (message: string) => void;
  #all: QuarantinedFile[] = [];

  private constructor(data: string, warn: (message: string) => void) {
    this.#data = data;
    this.#folder = join(data, 'quarantine');
    this.#warn = warn;
  }

  /** Looks at what was set aside before. @throws VaisError `storage` */
  static async open(data: string, warn: (message: string) => void): Promise<Quarantine> {
    const folder = new Quarantine(data, warn);
    await folder.look();
    return folder;
  }

  /** What is set aside, as it was at the last look. */
  get all(): readonly QuarantinedFile[] {
    return this.#all;
  }

  /** True when a history is among them: what its versions were is not known then. */
  get hasHistory(): boolean {
    return this.#all.some(({ file }) => file.startsWith('history'));
  }

  /** Looks again: somebody may have cleaned up. @throws VaisError `storage` */
  async look(): Promise<void> {
    try {
      const names = await readdir(this.#folder).catch((thrown: NodeJS.ErrnoException) => {
        if (thrown.code === 'ENOENT') return [];
        throw thrown;
      });
      const files = names.filter((name) => !name.endsWith(noteEnd) && !name.endsWith('.tmp')).slice(0, mostNamed);
      this.#all = await Promise.all(files.map((name) => this.#read(name)));
    } catch (thrown) {
      throw storageError(`cannot look at ${this.#folder}`, thrown);
    }
  }

  /**
   * Sets a file aside, and says so.
   *
   * @param why what is wrong with it
   * @throws VaisError `storage` when it cannot be moved: it stands where it stood
   */
  async take(path: string, why: string): Promise<void> {
    const file = relative(this.#data, path);
    const at = Date.now();
    await makePrivateFolder(this.#folder);
    const name = await this.#freeName(`${basename(path)}.${new Date(at).toISOString().replace(/[:.]/g, '-')}`);
    const to = join(this.#folder, name);
    try {
      await rename(path, to);
    } catch (thrown) {
      throw storageError(`${path} is broken (${why}) and cannot be set aside`, thrown);
    }
    const quarantined = { aside: join('quarantine', name), file, why, at };
    this.#all.push(quarantined);
    try {
      placeFile(to + noteEnd, `${JSON.stringify({ file, why, at }, null, 1)}\n`);
    } catch {
      // The file itself is kept, and is said to be; on a full disk the note is not.
    }
    this.#warn(`${file} is broken: ${why}. It was set aside as ${to}`);
  }

  async #freeName(wanted: string): Promise<string> {
    for (let count = 1; ; count += 1) {
      const name = count === 1 ? wanted : `${wanted}-${count}`;
      if ((await stat(join(this.#folder, name)).catch(() => undefined)) === undefined) return name;
    }
  }

  async #read(name: string): Promise<QuarantinedFile> {
    const path = join(this.#folder, name);
    const unknown = { aside: join('quarantine', name), file: name, why: 'it was set aside', at: 0 };
    try {
      const note = JSON.parse((await readIfThere(path + noteEnd)) ?? '{}') as Partial<QuarantinedFile>;
      const { file = name, why = unknown.why, at } = note;
      return { ...unknown, file: String(file), why: String(why), at: at ?? (await stat(path)).mtimeMs };
    } catch {
      return unknown;
    }
  }
}
