import { VaisError } from '../../common/error.ts';
import { placeFile, replaceFile } from '../../common/files.ts';
import type { StorageFaults } from './faults.ts';
import { formatHistory, type HistoryEntry, type HistoryFile, type LineageRecord } from './history-file.ts';

/** How long it waits before it tries again to write what could not be written, in milliseconds. */
const retryMs = 250;

/**
 * The history of one module of one program: a file that is replaced as a whole. What need not be durable goes into
 * another one, `.ahead`, so that a power cut before that one is on the disk costs nothing that was confirmed.
 */
export class ModuleHistory {
  readonly #path: string;
  readonly #file: HistoryFile;
  readonly #faults: StorageFaults;
  #writing: Promise<void> = Promise.resolve();
  /** Set while something could not be written that should be. */
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(path: string, file: HistoryFile, faults: StorageFaults) {
    this.#path = path;
    this.#file = file;
    this.#faults = faults;
  }

  get program(): string {
    return this.#file.program;
  }

  get module(): string {
    return this.#file.module;
  }

  /** All lines of versions, the most recent last. */
  get lineages(): LineageRecord[] {
    return this.#file.lineages;
  }

  /** The lineage of a build, made when there is none; it becomes the most recent. */
  lineage(base: string): LineageRecord {
    const { lineages } = this.#file;
    const index = lineages.findIndex((lineage) => lineage.base === base);
    const found = index < 0 ? undefined : lineages[index];
    if (found !== undefined) {
      lineages.splice(index, 1);
      lineages.push(found);
      return found;
    }
    const first: HistoryEntry = { version: 1, outcome: 'confirmed', origin: 'start', buildId: base, at: Date.now() };
    const made: LineageRecord = { base, desired: 1, entries: [first] };
    lineages.push(made);
    return made;
  }

  /** The lineage of the build that ran last. */
  get latest(): LineageRecord | undefined {
    return this.#file.lineages.at(-1);
  }

  /**
   * Writes it, one write after another. `durable` waits for the disk; without it, the write outlives this process but
   * perhaps not the machine. What a durable write could not do is tried again until it works.
   *
   * @throws VaisError `storage`; what was written before stands then
   */
  save(durable: boolean): Promise<void> {
    if (this.#closed) return Promise.reject(new VaisError('storage', 'the agent has ended, and writes no history'));
    const write = this.#writing.catch(() => undefined).then(() => this.#write(durable));
    this.#writing = write;
    return write;
  }

  /**
   * Returns when nothing is being written any more; what is owed to the disk is tried once more. Nothing is written later:
   * the folder may be another agent's then.
   */
  async close(): Promise<void> {
    if (this.#retry !== undefined) await this.save(true).catch(() => undefined);
    for (let last: Promise<void> | undefined; last !== this.#writing; ) {
      last = this.#writing;
      await last.catch(() => undefined);
    }
    this.#closed = true;
    clearTimeout(this.#retry);
  }

  async #write(durable: boolean): Promise<void> {
    this.#file.revision += 1;
    const text = formatHistory(this.#file);
    if (!durable) return placeFile(aheadOf(this.#path), text);
    const what = `the history of ${this.program}/${this.module}`;
    try {
      await replaceFile(this.#path, text);
      clearTimeout(this.#retry);
      this.#retry = undefined;
      this.#faults.over(what);
    } catch (thrown) {
      this.#faults.meet(what, thrown);
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => void this.save(true).catch(() => undefined), retryMs).unref();
      throw thrown;
    }
  }
}

/** Where the file stands that need not be durable. */
export function aheadOf(path: string): string {
  return `${path}.ahead`;
}
