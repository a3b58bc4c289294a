import type { Tier } from '../../artifact/act/manifest.ts';
import { type Digest, parseDigest } from '../../common/digest.ts';
import type { ErrorShape } from '../../common/error.ts';
import { damaged, seal, unseal } from '../../common/sealed.ts';
import type { OriginName, OutcomeName } from '../../rpc/names.ts';

/** What became of one push, rollback or start. */
export interface HistoryEntry {
  /** 0 for what never became a version. */
  readonly version: number;
  readonly outcome: OutcomeName;
  readonly origin: OriginName;
  /** Undefined for the code that the program started with. */
  readonly digest?: Digest;
  readonly size?: number;
  readonly buildId: string;
  readonly tier?: Tier;
  /** The build that the version began with, where the optimized one of the same source took its place. */
  readonly fast?: FastBuild;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason?: ErrorShape;
  readonly rollbackTo?: number;
  /** Who signed it. */
  readonly developer?: string;
  /** What it was pushed with, to swap together. */
  readonly group?: { readonly id: string; readonly together: readonly string[] };
  /** Nothing is known of it but the names of its functions. */
  readonly unchecked?: true;
  /** True when its image was cleaned away: see `deliver/retention.ts`. */
  readonly cleaned?: true;
}

/** A build that an optimized one replaced. */
export interface FastBuild {
  readonly digest: Digest;
  readonly size: number;
  readonly buildId: string;
}

/** The versions of one module of a program that started with one build. Only `Lineage` in `deliver/lineage.ts` changes it. */
export interface LineageRecord {
  /** The build id of the code the program started with. */
  readonly base: string;
  /** The contract of that code, as records; missing as long as no program was seen running it. */
  readonly contract?: readonly string[];
  /** The version that the program shall run. */
  readonly desired: number;
  readonly entries: readonly HistoryEntry[];
  /** The newest version that the history does not know any more, since it was cleaned away. */
  readonly forgotten?: number;
}

/** What a history file holds: the versions of one module of one program. */
export interface HistoryFile {
  readonly format: 2;
  /** Counts the writes. */
  revision: number;
  readonly program: string;
  readonly module: string;
  /** The most recent last. */
  readonly lineages: LineageRecord[];
}

const format = 2;

/** The text of a history file. */
export function formatHistory(file: HistoryFile): string {
  return seal(file);
}

/**
 * Reads the text of a history file.
 *
 * @param what names the file in errors
 * @throws VaisError `damaged`, `wrong_format`
 */
export function parseHistory(what: string, text: string): HistoryFile {
  const file = unseal(what, text, format) as Partial<HistoryFile>;
  const { program, module, lineages, revision = 0 } = file;
  const isNamed = typeof program === 'string' && typeof module === 'string';
  if (!isNamed || !Number.isSafeInteger(revision) || !Array.isArray(lineages) || !lineages.every(isLineage))
    throw damaged(what, 'it does not say what a history says');
  return { format, revision, program, module, lineages };
}

function isLineage(value: Partial<LineageRecord> | null): boolean {
  const { base, desired, entries, forgotten = 0 } = value ?? {};
  if (typeof base !== 'string' || !Number.isSafeInteger(forgotten) || !Array.isArray(entries)) return false;
  if (!entries.every(isEntry)) return false;
  const versions = entries.map(({ version }) => version).filter((version) => version > 0);
  return new Set(versions).size === versions.length && desired !== undefined && versions.includes(desired);
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
    Number.isSafeInteger(value.at) &&
    (value.digest === undefined || parseDigest(value.digest) !== undefined) &&
    (value.fast === undefined || parseDigest(value.fast.digest) !== undefined) &&
    (value.group === undefined || (typeof value.group.id === 'string' && Array.isArray(value.group.together)))
  );
}
