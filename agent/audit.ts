import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { VaisError } from '../common/error.ts';
import { syncFile } from '../common/files.ts';
import { type AuditEvent, type AuditFields, ChainReader, formatEntry, noHash, type Verdict } from './audit-entry.ts';

/** Where an agent's audit log stands in its data folder. */
export const auditFile = 'audit.log';

/** An entry longer than this would be no entry of ours. */
const maxLine = 64 * 1024;

interface Waiting {
  readonly text: string;
  readonly done: () => void;
  readonly failed: (error: VaisError) => void;
}

/**
 * The audit log: every decision of an agent, one line of JSON each, each with the hash of the line before. Whoever
 * changes, removes or inserts a line breaks the chain there. Lines are on the disk before anybody acts on them; those that
 * come while the disk is busy go there together.
 */
export class AuditLog {
  readonly #file: FileHandle;
  readonly #path: string;
  #n: number;
  #head: string;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;
  /** Once a write has failed the file may end in half a line, and nothing can follow that. */
  #failure: VaisError | undefined;

  private constructor(file: FileHandle, path: string, n: number, head: string) {
    this.#file = file;
    this.#path = path;
    this.#n = n;
    this.#head = head;
  }

  /**
   * Opens the log in an agent's data folder and follows its chain to the end. A last line that a power cut left
   * unfinished, which nobody can have acted upon, is taken off; a log whose chain is broken is set aside. An entry says so.
   *
   * @throws VaisError `storage`
   */
  static async open(dataFolder: string, warn: (message: string) => void): Promise<AuditLog> {
    const path = join(dataFolder, auditFile);
    try {
      await (await open(path, 'a', 0o600)).close();
      const verdict = await readAudit(path, () => undefined);
      const aside = `${path}.broken-${Date.now()}`;
      if (verdict.kind === 'broken') await rename(path, aside);
      const file = await open(path, 'a', 0o600);
      const { entries, head } = verdict.kind === 'broken' ? { entries: 0, head: noHash } : verdict;
      const log = new AuditLog(file, path, entries, head);
      if (verdict.kind === 'cut') await file.truncate((await file.stat()).size - verdict.bytes);
      await syncFile(path);
      if (verdict.kind === 'whole') return log;
      const why =
        verdict.kind === 'cut' ? 'its last line was unfinished and was taken off' : broken(path, verdict).message;
      warn(verdict.kind === 'cut' ? `the audit log: ${why}` : `${why}; it was set aside as ${aside}`);
      await log.append('recovered', {
        why,
        ...(verdict.kind === 'cut' ? { bytes: verdict.bytes } : { line: verdict.line }),
      });
      return log;
    } catch (thrown) {
      throw thrown instanceof VaisError ? thrown : cannotWrite(path, thrown);
    }
  }

  /** How many entries there are, and the hash of the last. */
  get end(): { readonly entries: number; readonly head: string } {
    return { entries: this.#n, head: this.#head };
  }

  /** Adds an entry. Resolves when it is on the disk. @throws VaisError `storage` */
  append(event: AuditEvent, fields: AuditFields = {}): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(new VaisError('storage', 'the audit log is closed'));
    this.#n += 1;
    const { line, hash } = formatEntry({
      n: this.#n,
      at: new Date().toISOString(),
      event,
      ...fields,
      prev: this.#head,
    });
    this.#head = hash;
    const written = new Promise<void>((done, failed) => this.#waiting.push({ text: `${line}\n`, done, failed }));
    this.#writing ??= this.#write();
    return written;
  }

  /** Writes what still waits and closes the file. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing;
    await this.#file.close();
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        if (this.#failure !== undefined) throw this.#failure;
        await this.#file.appendFile(batch.map(({ text }) => text).join(''));
        await this.#file.datasync();
        for (const { done } of batch) done();
      } catch (thrown) {
        this.#failure ??= cannotWrite(this.#path, thrown);
        for (const { failed } of batch) failed(this.#failure);
      }
    }
    this.#writing = undefined;
  }
}

/**
 * Reads a log and follows its chain.
 *
 * @param onLine gets each line that is part of the chain
 * @throws VaisError `storage` when there is none, or it cannot be read
 */
export async function readAudit(path: string, onLine: (line: string) => void): Promise<Verdict> {
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
    hint: 'Somebody or something changed it. What stands before that line can be believed, and nothing after it.',
  });
}

function cannotWrite(path: string, thrown: unknown): VaisError {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new VaisError('storage', `cannot write the audit log ${path}: ${why}`, {
    hint: 'Nothing is taken as long as it cannot be written down. Make room, and start the agent again.',
    cause: thrown,
  });
}
