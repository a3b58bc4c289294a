import { join } from 'node:path';
import type { Tier } from '../artifact/manifest.ts';
import { type Digest, digestOf, parseDigest } from '../common/digest.ts';
import type { ErrorShape } from '../common/error.ts';
import { makePrivateFolder, moveFile, placeFile, readIfThere, replaceFile, sweepTemporaries } from '../common/files.ts';
import type { OriginName, OutcomeName } from '../rpc/names.ts';

/** What became of one push, rollback or start. */
export interface HistoryEntry {
  /** 0 for what never became a version. */
  version: number;
  outcome: OutcomeName;
  readonly origin: OriginName;
  /** Undefined for the code that the program started with. */
  digest?: Digest;
  size?: number;
  buildId: string;
  tier?: Tier;
  /** The build that the version began with, where the optimised one of the same source took its place. */
  fast?: FastBuild;
  /** Milliseconds since 1970. */
  readonly at: number;
  reason?: ErrorShape;
  readonly rollbackTo?: number;
  /** What it was pushed with, to swap together. */
  readonly group?: { readonly id: string; readonly together: readonly string[] };
}

/** A build that an optimised one replaced. */
export interface FastBuild {
  readonly digest: Digest;
  readonly size: number;
  readonly buildId: string;
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
  /** Counts the writes. */
  revision: number;
  readonly program: string;
  readonly module: string;
  /** The most recent last. */
  readonly lineages: Lineage[];
}

/**
 * The history of one module of one program: a file that is replaced as a whole. What need not be durable goes into
 * another one, `.ahead`, so that a power cut before that one is on the disk costs nothing that was confirmed.
 */
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

  /**
   * Writes it, one write after another. `durable` waits for the disk; without it, the write outlives this process but
   * perhaps not the machine. @throws VaisError `storage`; what was written before stands then
   */
  save(durable: boolean): Promise<void> {
    const write = this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#file.revision += 1;
        const text = JSON.stringify(this.#file, null, 1);
        return durable ? replaceFile(this.#path, text) : placeFile(aheadOf(this.#path), text);
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

  /** The history of a module, empty when there is none yet. @throws VaisError `storage` when it cannot be read */
  of(program: string, module: string): Promise<ModuleHistory> {
    const path = this.#pathOf(program, module);
    let history = this.#open.get(path);
    if (history === undefined) {
      history = this.#read(path, program, module).then(
        (file) => new ModuleHistory(path, file ?? { format: 1, revision: 0, program, module, lineages: [] }),
      );
      this.#open.set(path, history);
      history.catch(() => this.#open.delete(path)); // It may be readable the next time.
    }
    return history;
  }

  /** The line of versions that ran last, for whoever only wants to look: nothing is kept for a name that has none. */
  async latest(program: string, module: string): Promise<Lineage | undefined> {
    const path = this.#pathOf(program, module);
    const open = this.#open.get(path);
    if (open !== undefined) return (await open).latest;
    return (await this.#read(path, program, module))?.lineages.at(-1);
  }

  /** Returns when nothing is being written any more. */
  async close(): Promise<void> {
    for (const history of this.#open.values())
      await history.then(
        ({ settled }) => settled,
        () => undefined,
      );
  }

  #pathOf(program: string, module: string): string {
    return join(this.#folder, `${digestOf(`${program}\0${module}`).slice(0, 32)}.json`);
  }

  async #read(path: string, program: string, module: string): Promise<HistoryFile | undefined> {
    const [text, aheadText] = [await readIfThere(path), await readIfThere(aheadOf(path))];
    const ahead = aheadText === undefined ? undefined : parseHistory(aheadText, program, module);
    const file = text === undefined ? undefined : parseHistory(text, program, module);
    if (text !== undefined && file === undefined) {
      const aside = `${path}.broken-${Date.now()}`;
      await moveFile(path, aside);
      this.#warn(`the history of ${program}/${module} cannot be read; it was set aside as ${aside}`);
    }
    return ahead !== undefined && ahead.revision > (file?.revision ?? -1) ? ahead : file;
  }
}

function aheadOf(path: string): string {
  return `${path}.ahead`;
}

function parseHistory(text: string, program: string, module: string): HistoryFile | undefined {
  try {
    const file = JSON.parse(text) as Partial<HistoryFile> | null;
    const right = file?.format === 1 && file.program === program && file.module === module;
    const whole = right && Array.isArray(file.lineages) && file.lineages.every(isLineage);
    const revision = Number.isSafeInteger(file?.revision) ? file?.revision : 0;
    return whole ? ({ ...file, revision } as HistoryFile) : undefined;
  } catch {
    return undefined;
  }
}

function isLineage(value: Partial<Lineage> | null): boolean {
  return (
    typeof value?.base === 'string' &&
    Number.isSafeInteger(value.desired) &&
    Array.isArray(value.entries) &&
    value.entries.length > 0 &&
    value.entries.every(isEntry)
  );
}

const outcomes: readonly unknown[] = [
  'pending',
  'confirmed',
  'refused',
  'reverted',
  'superseded',
] satisfies OutcomeName[];

// A digest becomes part of a path, so it is held to its form here as well.
function isEntry(value: Partial<HistoryEntry> | null): boolean {
  return (
    Number.isSafeInteger(value?.version) &&
    outcomes.includes(value?.outcome) &&
    typeof value?.buildId === 'string' &&
    (value.digest === undefined || parseDigest(value.digest) !== undefined) &&
    (value.fast === undefined || parseDigest(value.fast.digest) !== undefined) &&
    (value.group === undefined || (typeof value.group.id === 'string' && Array.isArray(value.group.together)))
  );
}
