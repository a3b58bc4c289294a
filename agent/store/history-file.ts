import { parseDigest } from '../../common/digest.ts';
import { damaged, seal, unseal } from '../../common/sealed.ts';
import type { OutcomeName } from '../../rpc/names.ts';
import type { HistoryEntry, Lineage } from './history.ts';

/** What a history file holds: the versions of one module of one program. */
export interface HistoryFile {
  readonly format: 2;
  /** Counts the writes. */
  revision: number;
  readonly program: string;
  readonly module: string;
  /** The most recent last. */
  readonly lineages: Lineage[];
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

function isLineage(value: Partial<Lineage> | null): boolean {
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
