import { watch } from 'node:fs';
import { type FileHandle, open, rename, stat } from 'node:fs/promises';

/** A program's log is begun anew when it has grown to this many bytes; the one before is kept as `.1`. */
const maxLogBytes = 16 * 1024 * 1024;
const maxLineBytes = 16 * 1024;

/**
 * Follows the file that a program writes its output to. A file and no pipe, so that the program can go on writing when
 * the agent is killed.
 */
export class OutputFollower {
  readonly #path: string;
  readonly #onLine: (text: string) => void;
  readonly #watcher;
  #file: FileHandle | undefined;
  #position = 0;
  #rest = '';
  #reading: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(path: string, onLine: (text: string) => void) {
    this.#path = path;
    this.#onLine = onLine;
    this.#watcher = watch(path, () => this.#poke());
  }

  /** Follows the file from its present end. */
  static async start(path: string, onLine: (text: string) => void): Promise<OutputFollower> {
    const file = await open(path, 'a', 0o600);
    await file.close();
    const follower = new OutputFollower(path, onLine);
    follower.#file = await open(path, 'r+');
    follower.#position = (await stat(path)).size;
    return follower;
  }

  /** Says what is left and stops. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#watcher.close();
    this.#poke();
    await this.#reading;
    if (this.#rest !== '') this.#onLine(this.#rest);
    await this.#file?.close();
  }

  #poke(): void {
    this.#reading = this.#reading.then(() => this.#read()).catch(() => undefined);
  }

  async #read(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    const buffer = Buffer.alloc(64 * 1024);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#position);
      if (bytesRead === 0) break;
      this.#position += bytesRead;
      this.#take(buffer.toString('utf8', 0, bytesRead));
    }
    if (this.#position > maxLogBytes) await this.#beginAnew(file);
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > maxLineBytes) {
      lines.push(this.#rest);
      this.#rest = '';
    }
    for (const line of lines) this.#onLine(line);
  }

  /** The program has the file open for appending, so it is copied aside and cut to nothing in place. */
  async #beginAnew(file: FileHandle): Promise<void> {
    const aside = `${this.#path}.1.tmp`;
    const copy = await open(aside, 'w', 0o600);
    try {
      await copy.writeFile(await file.readFile());
    } finally {
      await copy.close();
    }
    await rename(aside, `${this.#path}.1`);
    await file.truncate(0);
    this.#position = 0;
  }
}
