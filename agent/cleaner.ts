import type { Digest } from '../common/digest.ts';
import { VaisError } from '../common/error.ts';
import { Lineage } from './deliver/lineage.ts';
import type { Programs } from './deliver/programs.ts';
import { imagesOf, kept, oldLines, spare, trim } from './deliver/retention.ts';
import type { StorageFaults } from './store/faults.ts';
import type { ModuleHistory } from './store/history.ts';
import type { HistoryEntry } from './store/history-file.ts';
import type { HistoryStore } from './store/history-store.ts';
import type { ImageStore } from './store/images.ts';
import type { Quarantine } from './store/quarantine.ts';

/** What a cleaner works with. */
export interface CleanerDeps {
  readonly images: ImageStore;
  readonly histories: HistoryStore;
  readonly programs: Programs;
  readonly quarantine: Quarantine;
  readonly faults: StorageFaults;
  /** So many versions of each line are kept. */
  readonly keep: number;
}

/** It cleans when nothing was confirmed for so long, so that it is in no push's way; milliseconds. */
const quietMs = 1_000;
/** More than this part of what images may take is cleaned away ahead, as far as it may be. */
const fullness = 0.9;
const what = 'old images';

interface Line {
  readonly lineage: Lineage;
  readonly running: ReadonlySet<number>;
  readonly stays: Set<HistoryEntry>;
}

/**
 * Cleans away what the policy does not keep: first it is written in the history that an image goes, then it goes. A kill
 * between leaves an image that nobody names, and the next time finds it. Also looks once at each image that is there.
 */
export class Cleaner {
  readonly #deps: CleanerDeps;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();
  #closed = false;
  /** Marked, and perhaps not written yet. */
  readonly #unsaved = new Set<ModuleHistory>();

  constructor(deps: CleanerDeps) {
    this.#deps = deps;
    deps.images.makeRoom = (bytes) => this.#next(() => this.#clean(bytes));
  }

  /** Cleans when it has become quiet. */
  poke(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#next(() => this.#clean(0)), quietMs).unref();
  }

  /** Looks at each image that was there when the agent started, one after the other, and cleans then. */
  async verify(): Promise<void> {
    await this.#next(async () => {
      for (const { digest } of await this.#deps.images.list()) {
        if (this.#closed) return;
        await this.#deps.images.has(digest).catch((thrown: unknown) => this.#deps.faults.meet(what, thrown));
      }
      await this.#clean(0);
    });
  }

  /** Ends what is under way. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#working;
  }

  #next(work: () => Promise<void>): Promise<void> {
    this.#working = this.#working.then(async () => {
      if (this.#closed) return;
      try {
        await work();
        this.#deps.faults.over(what);
      } catch (thrown) {
        const { message } = VaisError.from(thrown);
        this.#deps.faults.meet(what, new VaisError('storage', `${what} cannot be cleaned away: ${message}`));
      }
    });
    return this.#working;
  }

  /** @param bytes so many are needed besides what is there */
  async #clean(bytes: number): Promise<void> {
    const { images, histories, quarantine } = this.#deps;
    await quarantine.look();
    for (const history of await histories.all()) await this.#lookAtDesired(history);
    // What a history that is set aside names, nobody knows; whoever mends it wants its images.
    if (quarantine.hasHistory) return;
    const sizes = new Map((await images.list()).map(({ digest, size }) => [digest, size]));
    const all = await histories.all();
    // From here to the marks nothing is waited for: a version that began meanwhile would be marked as cleaned away.
    const lines = all.flatMap((history) => this.#linesOf(history));
    this.#makeRoom(lines, sizes, bytes);
    const stays = new Set(lines.flatMap((line) => [...line.stays].flatMap(imagesOf)));
    for (const history of all) {
      const changed = history.lineages.map((record) => trim(new Lineage(record), (digest) => stays.has(digest)));
      if (changed.includes(true)) this.#unsaved.add(history);
    }
    for (const history of this.#unsaved) {
      await history.save(true);
      this.#unsaved.delete(history);
    }
    for (const digest of sizes.keys()) {
      if (this.#closed) return;
      if (!this.#names(all, digest)) await images.remove(digest);
    }
  }

  /** Says it where the version that a program shall run cannot be given to it when it is started again. */
  async #lookAtDesired({ program, module, latest }: ModuleHistory): Promise<void> {
    const { images, faults } = this.#deps;
    const entry = latest === undefined ? undefined : new Lineage(latest).desiredEntry;
    const of = `the image of what ${program}/${module} shall run`;
    const isThere = entry?.digest === undefined || (await images.isThere(entry.digest));
    if (isThere) return faults.over(of, 'is there again');
    const runs = 'an instance that runs it goes on, and one that is started gets the code that it was built with';
    const message = `${of} (version ${entry.version}) is damaged or gone: ${runs}. Push it again`;
    faults.meet(of, new VaisError('no_such_version', message));
  }

  /** The lines of a module that stay, each with what stays of it. */
  #linesOf(history: ModuleHistory): Line[] {
    const modules = this.#deps.programs.links
      .filter(({ name }) => name === history.program)
      .flatMap((link) => link.modules.get(history.module) ?? []);
    const old = oldLines(history.lineages, new Set(modules.map(({ base }) => base)));
    if (old.length > 0) {
      history.lineages.splice(0, history.lineages.length, ...history.lineages.filter((each) => !old.includes(each)));
      this.#unsaved.add(history);
    }
    return history.lineages.map((record) => {
      const lineage = new Lineage(record);
      const running = new Set(modules.filter(({ base }) => base === lineage.base).map(({ version }) => version));
      return { lineage, running, stays: kept(lineage, this.#deps.keep, running) };
    });
  }

  /** Takes out of what stays what has to go for its size: the oldest versions of the lines that have the most. */
  #makeRoom(lines: readonly Line[], sizes: ReadonlyMap<Digest, number>, bytes: number): void {
    const { maxBytes } = this.#deps.images;
    const limit = Math.min(maxBytes - bytes, maxBytes * fullness);
    const taken = () => {
      const digests = new Set(lines.flatMap((line) => [...line.stays].flatMap(imagesOf)));
      return [...digests].reduce((sum, digest) => sum + (sizes.get(digest) ?? 0), 0);
    };
    while (taken() > limit) {
      const candidates = lines.map((line) => ({ line, spare: spare(line.lineage, line.stays, line.running) }));
      candidates.sort((a, b) => b.spare.length - a.spare.length);
      const [oldest] = candidates[0]?.spare ?? [];
      if (oldest === undefined) return; // All that is left is needed.
      candidates[0]?.line.stays.delete(oldest);
    }
  }

  /** Whether some version of some history still counts on an image, as the histories are at this moment. */
  #names(all: readonly ModuleHistory[], digest: Digest): boolean {
    return all.some(({ lineages }) =>
      lineages.some(({ entries }) =>
        entries.some((entry) => entry.cleaned !== true && imagesOf(entry).includes(digest)),
      ),
    );
  }
}
