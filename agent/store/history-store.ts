import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import { makePrivateFolder, readIfThere, storageError, sweepTemporaries } from '../../common/files.ts';
import { damaged } from '../../common/sealed.ts';
import type { DataFolder } from './data-folder.ts';
import type { StorageFaults } from './faults.ts';
import { aheadOf, ModuleHistory } from './history.ts';
import { type HistoryFile, type LineageRecord, parseHistory } from './history-file.ts';

/** The histories in an agent's data folder. */
export class HistoryStore {
  readonly #data: DataFolder;
  readonly #folder: string;
  readonly #faults: StorageFaults;
  readonly #open = new Map<string, Promise<ModuleHistory>>();
  readonly #found = new Set<string>();

  private constructor(data: DataFolder, faults: StorageFaults) {
    this.#data = data;
    this.#folder = join(data.path, 'history');
    this.#faults = faults;
  }

  /**
   * Opens the store in an agent's data folder, and reads all that is there: what is damaged is set aside, so that it is
   * known now and not when its program comes. What cannot be read is said; its program is turned away as long.
   *
   * @throws VaisError `storage`
   */
  static async open(data: DataFolder, faults: StorageFaults): Promise<HistoryStore> {
    const store = new HistoryStore(data, faults);
    await makePrivateFolder(store.#folder);
    await sweepTemporaries(store.#folder);
    for (const path of await store.#paths()) {
      const what = `the history ${path}`;
      try {
        const file = await store.#read(path);
        if (file !== undefined) store.#found.add(file.program);
        faults.over(what);
      } catch (thrown) {
        faults.meet(what, thrown);
      }
    }
    return store;
  }

  /** The programs that had a history when the store was opened. */
  get found(): ReadonlySet<string> {
    return this.#found;
  }

  /** The history of a module, empty when there is none yet. @throws VaisError `storage`, `wrong_format` when it cannot be read */
  of(program: string, module: string): Promise<ModuleHistory> {
    return this.#at(this.#pathOf(program, module), { format: 2, revision: 0, program, module, lineages: [] });
  }

  /** The line of versions that ran last, for whoever only wants to look: nothing is kept for a name that has none. */
  async latest(program: string, module: string): Promise<LineageRecord | undefined> {
    const path = this.#pathOf(program, module);
    const open = this.#open.get(path);
    if (open !== undefined) return (await open).latest;
    return (await this.#read(path))?.lineages.at(-1);
  }

  /** All histories that there are. @throws VaisError when one of them cannot be read, so that nobody takes the rest for all */
  async all(): Promise<ModuleHistory[]> {
    for (const path of await this.#paths()) {
      if (this.#open.has(path)) continue;
      const file = await this.#read(path);
      if (file !== undefined) await this.#at(path, file);
    }
    return Promise.all(this.#open.values());
  }

  /** Returns when nothing is being written any more. */
  async close(): Promise<void> {
    for (const history of this.#open.values())
      await history.then(
        (each) => each.close(),
        () => undefined,
      );
  }

  #at(path: string, empty: HistoryFile): Promise<ModuleHistory> {
    let history = this.#open.get(path);
    if (history === undefined) {
      history = this.#read(path).then((file) => new ModuleHistory(path, file ?? empty, this.#faults));
      this.#open.set(path, history);
      history.catch(() => this.#open.delete(path)); // It may be readable the next time.
    }
    return history;
  }

  #pathOf(program: string, module: string): string {
    return join(this.#folder, nameOf(program, module));
  }

  async #paths(): Promise<string[]> {
    try {
      const names = (await readdir(this.#folder)).map((name) => name.replace(/\.ahead$/, ''));
      return [...new Set(names)].filter((name) => /^[0-9a-f]{32}\.json$/.test(name)).map((n) => join(this.#folder, n));
    } catch (thrown) {
      throw storageError(`cannot look at ${this.#folder}`, thrown);
    }
  }

  /** The newer of the two files that are whole; undefined when there is none. A damaged one is set aside. */
  async #read(path: string): Promise<HistoryFile | undefined> {
    const [file, ahead] = [await this.#readOne(path, path), await this.#readOne(aheadOf(path), path)];
    return ahead !== undefined && ahead.revision > (file?.revision ?? -1) ? ahead : file;
  }

  async #readOne(path: string, belongsTo: string): Promise<HistoryFile | undefined> {
    const text = await readIfThere(path);
    if (text === undefined) return undefined;
    try {
      const file = parseHistory(path, text);
      if (join(this.#folder, nameOf(file.program, file.module)) === belongsTo) return file;
      throw damaged(path, `it is that of ${file.program}/${file.module}, which stands elsewhere`);
    } catch (thrown) {
      const error = VaisError.from(thrown);
      if (error.code !== 'damaged') throw error;
      const why = error.message.replace(`${path} is damaged: `, '');
      await this.#data.quarantine.take(path, `${why}${about(text)}`);
      return undefined;
    }
  }
}

function nameOf(program: string, module: string): string {
  return `${digestOf(`${program}\0${module}`).slice(0, 32)}.json`;
}

/** Whose history it was, as far as that can still be read. */
function about(text: string): string {
  const [, program, module] =
    /"program": "([^"\\\p{Cc}]{1,128})",\s*"module": "([^"\\\p{Cc}]{1,128})"/u.exec(text) ?? [];
  return program === undefined ? '' : ` (of ${program}/${module}, it seems)`;
}
