import { createHash } from 'node:crypto';

/** What the audit log holds: decisions, each with what it was about. */
export type AuditEvent =
  | 'started'
  | 'recovered'
  | 'identity_made'
  | 'identity_set_aside'
  | 'token_made'
  | 'paired'
  | 'pairing_refused'
  | 'renewed'
  | 'revoked'
  | 'connection_refused'
  | 'push_admitted'
  | 'push_refused'
  | 'push_confirmed'
  | 'push_reverted'
  | 'push_superseded'
  | 'rollback_admitted'
  | 'rollback_refused'
  | 'rollback_confirmed'
  | 'rollback_reverted'
  | 'rollback_superseded';

/** What an entry says besides its number, its time and what it is about. Nothing here is secret. */
export type AuditFields = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** One line of the log. */
export interface AuditEntry {
  /** 1 for the first; no number is left out. */
  readonly n: number;
  /** The agent's clock, ISO 8601. For people: the order is that of `n`. */
  readonly at: string;
  readonly event: AuditEvent;
  /** The hash of the line before; 64 zeros for the first. */
  readonly prev: string;
  /** SHA-256 of this line as it would be without this field, which stands last. */
  readonly hash: string;
  readonly [field: string]: unknown;
}

/** What stands before the first line. */
export const noHash = '0'.repeat(64);

/** The line of an entry, without its end, and its hash. */
export function formatEntry(fields: Omit<AuditEntry, 'hash'>): { readonly line: string; readonly hash: string } {
  const body = JSON.stringify(fields);
  const hash = createHash('sha256').update(body).digest('hex');
  return { line: `${body.slice(0, -1)},"hash":"${hash}"}`, hash };
}

/** What a log turned out to be. */
export type AuditVerdict =
  | { readonly kind: 'whole'; readonly entries: number; readonly head: string }
  | { readonly kind: 'cut'; readonly entries: number; readonly head: string; readonly bytes: number }
  | { readonly kind: 'broken'; readonly line: number; readonly why: string };

/**
 * Follows the chain through lines one after the other. What follows a broken line is not looked at: nothing there
 * could be believed.
 */
export class ChainReader {
  #line = 0;
  #head = noHash;

  get entries(): number {
    return this.#line;
  }

  get head(): string {
    return this.#head;
  }

  /** Reads the next line. Returns why the chain breaks here, if it does. */
  read(line: string): string | undefined {
    const number = this.#line + 1;
    const entry = parseEntry(line);
    if (entry === undefined) return 'it is no entry';
    const { hash, ...rest } = entry;
    if (formatEntry(rest).hash !== hash || formatEntry(rest).line !== line)
      return 'its hash is not that of what it says';
    if (entry.n !== number) return `it is entry ${entry.n} where ${number} is due`;
    if (entry.prev !== this.#head) return 'it does not follow the line before: lines were removed, inserted or changed';
    this.#line = number;
    this.#head = hash;
    return undefined;
  }
}

function parseEntry(line: string): AuditEntry | undefined {
  try {
    const entry = JSON.parse(line) as Partial<AuditEntry> | null;
    const right = Number.isSafeInteger(entry?.n) && typeof entry?.prev === 'string' && typeof entry.event === 'string';
    return right && typeof entry?.at === 'string' && typeof entry.hash === 'string' ? (entry as AuditEntry) : undefined;
  } catch {
    return undefined;
  }
}
