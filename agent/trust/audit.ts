import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { VaisError } from '../../common/error.ts';
import { syncFile } from '../../common/files.ts';
import type { DataFolder } from '../store/data-folder.ts';
import type { StorageFaults } from '../store/faults.ts';
import {
  type AuditEvent,
  type AuditFields,
  type AuditVerdict,
  ChainReader,
  formatEntry,
  noHash,
} from './audit-entry.ts';

/** Where an agent's audit log stands in its data folder. */
export const auditFile = 'audit.log';

/** An entry longer than this would be no entry of ours. */
const maxLine = 64 * 1024;

/** How long it waits before it tries again to write what is owed, in milliseconds. */
const retryMs = 250;
/** So many ends of acts are remembered that could not be written down. */
const mostOwed = 1_000;

interface Waiting {
  /** It says what has happened already, so it is written down later where it cannot be now. */
  readonly owed: boolean;
  readonly event: AuditEvent;
  readonly at: string;
  readonly fields: AuditFields;
  readonly done: () => void;
  readonly failed: (error: VaisError) => void;
}

/**
 * The audit log: every decision of an agent, one line of JSON each, each with the hash of the line before. Whoever
 * changes, removes or inserts a line breaks the chain there. Lines are on the disk before anybody acts on them; those that
 * come while the disk is busy go there together. What the disk does not take is refused to whoever wanted to act, and the
 * next one tries again.
 */
export class AuditLog {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #faults: StorageFaults;
  /** What is on the disk: how many bytes and entries, and the hash of the last. */
  #size: number;
  #n: number;
  #head: string;
  /** False once a write has failed: half a line may stand behind `#size`, and nothing can follow that. */
  #clean = true;
  #waiting: Waiting[] = [];
  #owed: Waiting[] = [];
  #retry: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  private constructor(file: FileHandle, path: string, size: number, n: number, head: string, faults: StorageFaults) {
    this.#file = file;
    this.#path = path;
    this.#size = size;
    this.#n = n;
    this.#head = head;
    this.#faults = faults;
  }

  /**
   * Opens the log in an agent's data folder and follows its chain to the end. A last line that a power cut left
   * unfinished, which nobody can have acted upon, is taken off; a log whose chain is broken is set aside. An entry says so.
   *
   * @throws VaisError `storage`
   */
  static async open(data: DataFolder, faults: StorageFaults): Promise<AuditLog> {
    const path = join(data.path, auditFile);
    try {
      await (await open(path, 'a', 0o600)).close();
      const verdict = await readAudit(path, () => undefined);
      const why =
        verdict.kind === 'cut'
          ? 'its last line was unfinished and was taken off'
          : verdict.kind === 'broken'
            ? broken(path, verdict).message
            : '';
      if (verdict.kind === 'broken') await data.quarantine.take(path, why);
      const file = await open(path, 'a', 0o600);
      const { entries, head } = verdict.kind === 'broken' ? { entries: 0, head: noHash } : verdict;
      const size = (await file.stat()).size - (verdict.kind === 'cut' ? verdict.bytes : 0);
      const log = new AuditLog(file, path, size, entries, head, faults);
      await file.truncate(size);
      await syncFile(path);
      if (verdict.kind === 'whole') return log;
      const detail = verdict.kind === 'cut' ? { bytes: verdict.bytes } : { line: verdict.line };
      if (verdict.kind === 'cut') faults.warn(`the audit log: ${why}`);
      await log.append('recovered', { why, ...detail }).catch(() => undefined); // It was said; on a full disk, only so.
      return log;
    } catch (thrown) {
      throw thrown instanceof VaisError ? thrown : cannotWrite(path, thrown);
    }
  }

  /**
   * Adds an entry. Resolves when it is on the disk.
   *
   * @param owed true for what has happened already: it is written as soon as the disk takes it again
   * @throws VaisError `storage`; the entry is not there then
   */
  append(event: AuditEvent, fields: AuditFields = {}, owed = false): Promise<void> {
    if (this.#closed) return Promise.reject(new VaisError('storage', 'the audit log is closed'));
    const at = new Date().toISOString();
    const written = new Promise<void>((done, failed) => this.#waiting.push({ owed, event, at, fields, done, failed }));
    this.#writing ??= this.#write();
    return written;
  }

  /** Writes what still waits and closes the file. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing;
    clearTimeout(this.#retry);
    if (!this.#clean || this.#owed.length > 0) await this.#write();
    clearTimeout(this.#retry);
    await this.#file.close();
  }

  async #write(): Promise<void> {
    do {
      const batch = [...this.#owed.splice(0), ...this.#waiting.splice(0)];
      try {
        await this.#put(batch);
        this.#faults.over(what);
        for (const { done } of batch) done();
      } catch (thrown) {
        const failure = cannotWrite(this.#path, thrown);
        this.#faults.meet(what, failure);
        for (const { failed } of batch) failed(failure);
        this.#owed = batch.filter(({ owed }) => owed).slice(-mostOwed);
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => {
          this.#writing ??= this.#write();
        }, retryMs).unref();
      }
    } while (this.#waiting.length > 0);
    this.#writing = undefined;
  }

  async #put(batch: readonly Waiting[]): Promise<void> {
    if (!this.#clean) await this.#file.truncate(this.#size);
    this.#clean = true;
    if (batch.length === 0) return;
    let [n, prev, text] = [this.#n, this.#head, ''];
    for (const { event, at, fields } of batch) {
      n += 1;
      const { line, hash } = formatEntry({ n, at, event, ...fields, prev });
      prev = hash;
      text += `${line}\n`;
    }
    this.#clean = false;
    await this.#file.appendFile(text);
    await this.#file.datasync();
    this.#clean = true;
    this.#size += Buffer.byteLength(text);
    [this.#n, this.#head] = [n, prev];
  }
}

const what = 'the audit log';

/**
 * Reads a log and follows its chain.
 *
 * @param onLine gets each line that is part of the chain
 * @throws VaisError `storage` when there is none, or it cannot be read
 */
export async function readAudit(path: string, onLine: (line: string) => void): Promise<AuditVerdict> {
  const chain = new ChainReader();
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(path)) {
      rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
      for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
        const line = rest.subarray(0, end).toString();
        const why = chain.read(line);
        if (why !== undefined) return { kind: 'broken', line: chain.entries + 1, why };
        onLine(line);
        rest = rest.subarray(end + 1);
      }
      if (rest.length > maxLine) return { kind: 'broken', line: chain.entries + 1, why: 'it is too long for an entry' };
    }
  } catch (thrown) {
    throw new VaisError('storage', `cannot read ${path}: ${thrown instanceof Error ? thrown.message : thrown}`, {
      cause: thrown,
    });
  }
  const { entries, head } = chain;
  return rest.length === 0 ? { kind: 'whole', entries, head } : { kind: 'cut', entries, head, bytes: rest.length };
}

/** The error for a chain that is broken. */
export function broken(path: string, { line, why }: { readonly line: number; readonly why: string }): VaisError {
  return new VaisError('audit_broken', `the audit log ${path} is broken at line ${line}: ${why}`, {
    hint: 'The log was changed. Entries before that line can be trusted; nothing after it can.',
  });
}

function cannotWrite(path: string, thrown: unknown): VaisError {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new VaisError('storage', `cannot write the audit log ${path}: ${why}`, {
    hint: 'The agent accepts nothing that it cannot log. Free disk space on the agent, then push again.',
    cause: thrown,
  });
}
