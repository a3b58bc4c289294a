import { formatContract } from '../../artifact/contract/format.ts';
import type { Digest } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import type { LinkedModule } from '../link/program-link.ts';
import type { HistoryEntry, LineageRecord } from '../store/history-file.ts';
import type { Code } from './code.ts';
import type { Failed } from './outcome.ts';
import type { Push } from './push.ts';

type Writable<Thing> = { -readonly [Name in keyof Thing]: Thing[Name] };
type Record = Writable<Omit<LineageRecord, 'entries'>> & { entries: HistoryEntry[] };

/**
 * The versions of one module of a program that started with one build, as they follow each other. The only one that changes
 * their record: what becomes of a version is decided here. Whoever keeps the record writes it down.
 *
 * A version may be built twice: the fast build runs first, and the optimized one of the same source takes its place. The
 * number stays; the entry keeps both builds, and is the fast one again when the other fails.
 */
export class Lineage {
  readonly #record: Record;

  constructor(record: LineageRecord) {
    this.#record = record as Record;
  }

  /** The build id of the code that the program started with. */
  get base(): string {
    return this.#record.base;
  }

  /** The contract of that code, as records; undefined as long as no program was seen running it. */
  get contract(): readonly string[] | undefined {
    return this.#record.contract;
  }

  /** The version that the program shall run. */
  get desired(): number {
    return this.#record.desired;
  }

  /** Its entry. */
  get desiredEntry(): HistoryEntry | undefined {
    return this.entry(this.desired);
  }

  get entries(): readonly HistoryEntry[] {
    return this.#record.entries;
  }

  /** The newest version that is not known any more, since it was cleaned away; 0: there is none. */
  get forgotten(): number {
    return this.#record.forgotten ?? 0;
  }

  /** The number that the next version gets. */
  get next(): number {
    return 1 + Math.max(this.forgotten, ...this.entries.map(({ version }) => version));
  }

  /** The version before the one that is desired: the newest confirmed one whose code is another. */
  get before(): number | undefined {
    const now = this.desiredEntry;
    // A rollback stands for the version that it brought back: going back once more goes further back.
    const from = now?.rollbackTo ?? this.desired;
    return this.entries.findLast(
      ({ version, outcome, digest }) =>
        version > 0 && version < from && outcome === 'confirmed' && digest !== now?.digest,
    )?.version;
  }

  /** True when it is of this record. */
  isOf(record: LineageRecord): boolean {
    return this.#record === record;
  }

  /** The entry of a version that ran. */
  entry(version: number): HistoryEntry | undefined {
    return version > 0 ? this.entries.find((entry) => entry.version === version) : undefined;
  }

  /** Gives a push that is about to be ordered the next number, and writes it down. */
  begin(push: Push, { image, buildId, tier, contract }: Code): HistoryEntry {
    push.version = this.next;
    const entry: HistoryEntry = {
      version: push.version,
      outcome: 'pending',
      origin: push.origin,
      ...(image === undefined ? {} : { digest: image.digest, size: image.size }),
      buildId,
      ...(tier === undefined ? {} : { tier }),
      ...(contract?.origin === 'unchecked' ? { unchecked: true } : {}),
      at: Date.now(),
      ...(push.developer === '' ? {} : { developer: push.developer }),
      ...(push.rollbackTo === undefined ? {} : { rollbackTo: push.rollbackTo }),
      ...groupOf(push),
    };
    this.#record.entries.push(entry);
    return entry;
  }

  /**
   * The version whose fast build the push replaces.
   *
   * @throws VaisError `superseded` when the program is to run something else by now
   */
  refinable({ refines, module }: Push): HistoryEntry {
    const entry = this.desiredEntry;
    if (entry !== undefined && entry.digest === refines && entry.outcome === 'confirmed') return entry;
    throw new VaisError('superseded', `${module} does not run the version any more that this build is of`);
  }

  /** It proved itself, and is what the program shall run. Returns how to take that back, where it cannot be written. */
  confirm(entry: HistoryEntry): () => void {
    const [desired, outcome] = [this.desired, entry.outcome];
    set(entry, { outcome: 'confirmed' });
    this.#record.desired = entry.version;
    return () => {
      set(entry, { outcome });
      this.#record.desired = desired;
    };
  }

  /** The optimized build is the version's own from now on. */
  refine(entry: HistoryEntry, { image, buildId, tier }: Code): void {
    if (image === undefined || entry.digest === undefined || entry.digest === image.digest) return;
    const { digest, size = 0, buildId: fast } = entry;
    set(entry, { fast: { digest, size, buildId: fast }, ...image, buildId });
    if (tier !== undefined) set(entry, { tier });
  }

  /** The version is its fast build again. False when it had no other. */
  unrefine(entry: HistoryEntry): boolean {
    if (entry.fast === undefined) return false;
    set(entry, { ...entry.fast, tier: 'fast' });
    unset(entry, 'fast');
    return true;
  }

  /**
   * It was on its way, and does not hold.
   *
   * @param before what was desired before it
   * @param mayHaveRun that uses its number up; else it gives it back, so that the versions have no gap
   */
  fail(entry: HistoryEntry, { kind, reason }: Failed, before: number, mayHaveRun: boolean): void {
    if (this.desired === entry.version) this.#record.desired = before;
    end(entry, kind, reason);
    if (!mayHaveRun) set(entry, { version: 0 });
  }

  /**
   * It had held, or might have, and failed: another one is desired from now on. False when it had failed already.
   *
   * @param running what the program went back to by itself, where it did
   */
  revert(entry: HistoryEntry, reason: VaisError, running?: number): boolean {
    if (entry.outcome !== 'confirmed' && entry.outcome !== 'pending') return false;
    if (this.desired === entry.version) {
      const held = running !== undefined && this.entry(running)?.outcome === 'confirmed' ? running : undefined;
      this.#record.desired = held ?? this.before ?? 1;
    }
    end(entry, 'reverted', reason);
    return true;
  }

  /** What became of a version that was on its way is not known, and will not be. */
  lose(entry: HistoryEntry, reason: VaisError = lostSight): void {
    end(entry, 'superseded', reason);
  }

  /**
   * Takes in what a program says it runs: a version that came from elsewhere, or one that this agent lost sight of when it
   * was killed. Returns the entry of a version that is still on its way: it had been ordered, so it may run any moment,
   * and only its end can be told truly.
   */
  adopt(module: LinkedModule): HistoryEntry | undefined {
    const { version, digest, buildId } = module;
    if (digest === undefined && buildId === this.base) this.#record.contract = formatContract(module.contract);
    if (this.entry(version) === undefined && version >= this.next) {
      const image = digest === undefined ? {} : { digest };
      this.#record.entries.push({ version, outcome: 'confirmed', origin: 'start', ...image, buildId, at: Date.now() });
      this.#record.desired = version;
    }
    const newest = this.next - 1;
    let onItsWay: HistoryEntry | undefined;
    for (const entry of this.entries) {
      if (entry.outcome !== 'pending') continue;
      if (entry.version === newest) onItsWay = entry;
      else this.lose(entry);
    }
    return onItsWay;
  }

  /** Marks the versions whose images are not kept, and those that came again. Returns whether anything changed. */
  mark(stays: (digest: Digest) => boolean): boolean {
    let changed = false;
    for (const entry of this.entries) {
      const gone = entry.digest !== undefined && !stays(entry.digest);
      if (gone === (entry.cleaned === true)) continue;
      if (gone) set(entry, { cleaned: true });
      else unset(entry, 'cleaned');
      changed = true;
    }
    return changed;
  }

  /** Forgets entries. */
  forget(gone: ReadonlySet<HistoryEntry>): void {
    this.#record.forgotten = Math.max(this.forgotten, ...[...gone].map(({ version }) => version));
    const { entries } = this.#record;
    entries.splice(0, entries.length, ...entries.filter((entry) => !gone.has(entry)));
  }
}

const lostSight = new VaisError('superseded', 'the agent ended before it knew what became of this version');

/** The code of an entry as far as the entry tells it. */
export function codeOfEntry({ digest, size, buildId }: HistoryEntry): Code {
  return digest === undefined ? { buildId } : { image: { digest, size: size ?? 0 }, buildId };
}

/** True when the module runs what the entry stands for. */
export function runs(module: LinkedModule | undefined, entry: HistoryEntry | undefined): boolean {
  return module !== undefined && module.version === entry?.version && module.digest === entry.digest;
}

/** True when the version is of this image, in either build. */
export function isOf(entry: HistoryEntry, { image }: Code): boolean {
  return entry.digest === image?.digest || (image !== undefined && entry.fast?.digest === image.digest);
}

function groupOf({ group, module }: Push): Pick<HistoryEntry, 'group'> {
  const together = group?.besides(module) ?? [];
  return group === undefined || together.length === 0 ? {} : { group: { id: group.id, together } };
}

function end(entry: HistoryEntry, outcome: Failed['kind'], reason: VaisError): void {
  set(entry, { outcome, reason: reason.toJSON() });
}

function set(entry: HistoryEntry, fields: Partial<HistoryEntry>): void {
  Object.assign(entry as Writable<HistoryEntry>, fields);
}

function unset(entry: Writable<HistoryEntry>, name: 'fast' | 'cleaned'): void {
  delete entry[name];
}
