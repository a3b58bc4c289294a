import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tier } from '../artifact/manifest.ts';
import { type Digest, digestOf } from '../common/digest.ts';
import type { ErrorShape } from '../common/error.ts';
import { makePrivateFolder, placeFile, replaceFile, sweepTemporaries } from '../common/files.ts';
import type { OriginName, OutcomeName } from '../rpc/names.ts';

/** What became of one push, rollback or start. */
export interface HistoryEntry {
  /** 0 for what never became a version. */
  version: number;
  outcome: OutcomeName;
  readonly origin: OriginName;
  /** Undefined for the code that the program started with. */
  readonly digest?: Digest;
  readonly size?: number;
  readonly buildId: string;
  readonly tier?: Tier;
  /** Milliseconds since 1970. */
  readonly at: number;
  reason?: ErrorShape;
  readonly rollbackTo?: number;
}

/** The versions of one module of a program that started with one build. */
export interface Lineage {
  /** The build id of the code the program started with. */
  readonly base: string;
  /** The contract of that code, as records; missing as long as no program was seen running it. */
  contract?: readonly string[];
  /** The version that the program shall run. */
  desired: number;
  readonly entries: HistoryEntry[];
}

interface HistoryFile {
  readonly format: 1;
  readonly program: string;
  readonly module: string;
  /** The most recent last. */
  readonly lineages: Lineage[];
}

/** The history of one module of one program: a file that is replaced as a whole. */
export class ModuleHistory {
  readonly #path: string;
  readonly #file: HistoryFile;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, file: HistoryFile) {
    this.#path = path;
    this.#file = file;
  }

  get program(): string {
    return this.#file.program;
  }

  get module(): string {
    return this.#file.module;
  }

  /** The lineage of a build, made when there is none; it becomes the most recent. */
  lineage(base: string): Lineage {
    const { lineages } = this.#file;
    const index = lineages.findIndex((lineage) => lineage.base === base);
    const found = index < 0 ? undefined : lineages[index];
    if (found !== undefined) {
      lineages.splice(index, 1);
      lineages.push(found);
      return found;
    }
    const first: HistoryEntry = { version: 1, outcome: 'confirmed', origin: 'start', buildId: base, at: Date.now() };
    const made: Lineage = { base, desired: 1, entries: [first] };
    lineages.push(made);
    return made;
  }

  /** The lineage of the build that ran last. */
  get latest(): Lineage | undefined {
    return this.#file.lineages.at(-1);
  }

  /** Resolves when what was asked to be saved is saved, or has failed. */
  get settled(): Promise<void> {
    return this.#writing.catch(() => undefined);
  }

  /** Writes the file, one write after another; `durable` waits for the disk. @throws VaisError `storage`; the old file stands then */
  save(durable: boolean): Promise<void> {
    const write = this.#writing
      .catch(() => undefined)
      .then(() => {
        const text = JSON.stringify(this.#file, null, 1);
        return durable ? replaceFile(this.#path, text) : placeFile(this.#path, text);
      });
    this.#writing = write;
    return write;
  }
}

/** The histories in an agent's data folder. */
export class HistoryStore {
  readonly #folder: string;
  readonly #warn: (message: string) => void;
  readonly #open = new Map<string, Promise<ModuleHistory>>();

  private constructor(folder: string, warn: (message: string) => void) {
    this.#folder = folder;
    this.#warn = warn;
  }

  /** Opens the store in an agent's data folder. @throws VaisError `storage` */
  static async open(dataFolder: string, warn: (message: string) => void): Promise<HistoryStore> {
    const folder = join(dataFolder, 'history');
    await makePrivateFolder(folder);
    await sweepTemporaries(folder);
    return new HistoryStore(folder, warn);
  }

  /** The history of a module, empty when there is none yet. */
  of(program: string, module: string): Promise<ModuleHistory> {
    const name = `${digestOf(`${program}\0${module}`).slice(0, 32)}.json`;
    let history = this.#open.get(name);
    if (history === undefined) {
      history = this.#read(join(this.#folder, name), program, module);
      this.#open.set(name, history);
    }
    return history;
  }

  /** Returns when nothing is being written any more. */
  async close(): Promise<void> {
    for (const history of this.#open.values()) await (await history).settled;
  }

  async #read(path: string, program: string, module: string): Promise<ModuleHistory> {
    const empty: HistoryFile = { format: 1, program, module, lineages: [] };
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) return new ModuleHistory(path, empty);
    const file = parseHistory(text, program, module);
    if (file !== undefined) return new ModuleHistory(path, file);
    const aside = `${path}.broken-${Date.now()}`;
    await rename(path, aside);
    this.#warn(`the history of ${program}/${module} cannot be read; it was set aside as ${aside}`);
    return new ModuleHistory(path, empty);
  }
}

function parseHistory(text: string, program: string, module: string): HistoryFile | undefined {
  try {
    const file = JSON.parse(text) as Partial<HistoryFile> | null;
    const right = file?.format === 1 && file.program === program && file.module === module;
    return right && Array.isArray(file.lineages) && file.lineages.every(isLineage) ? (file as HistoryFile) : undefined;
  } catch {
    return undefined;
  }
}

function isLineage(value: Partial<Lineage> | null): boolean {
  return (
    typeof value?.base === 'string' &&
    Number.isSafeInteger(value.desired) &&
    Array.isArray(value.entries) &&
    value.entries.every((entry: Partial<HistoryEntry> | null) => Number.isSafeInteger(entry?.version))
  );
}
