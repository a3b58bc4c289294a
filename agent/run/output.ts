import { type FSWatcher, watch } from 'node:fs';
import { copyFile, type FileHandle, open, rename } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { storageError } from '../../common/files.ts';

/** A program's log is begun anew when it has grown to this many bytes; the one before is kept as `.1`. */
const maxLogBytes = 16 * 1024 * 1024;
const maxLineBytes = 16 * 1024;

/**
 * Follows the file that a program writes its output to. A file and no pipe, so that the program can go on writing when
 * the agent is killed.
 */
export class OutputFollower {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #onLine: (text: string) => void;
  readonly #watcher: FSWatcher;
  readonly #decoder = new StringDecoder('utf8');
  readonly #buffer = Buffer.alloc(64 * 1024);
  #position: number;
  #rest = '';
  #reading: Promise<void> = Promise.resolve();
  #isWaiting = false;
  #closed = false;

  private constructor(path: string, file: FileHandle, size: number, onLine: (text: string) => void) {
    this.#path = path;
    this.#file = file;
    this.#position = size;
    this.#onLine = onLine;
    this.#watcher = watch(path, () => this.#poke());
    this.#watcher.on('error', () => undefined); // What is missed is read when the program ends.
  }

  /** Follows the file from its present end. @throws VaisError `storage` */
  static async start(path: string, onLine: (text: string) => void): Promise<OutputFollower> {
    let file: FileHandle | undefined;
    try {
      file = await open(path, 'a+', 0o600);
      return new OutputFollower(path, file, (await file.stat()).size, onLine);
    } catch (thrown) {
      await file?.close();
      throw storageError(`cannot follow ${path}`, thrown);
    }
  }

  /** Says what there is, down to a last line without an end: nobody writes to the file any more. */
  async flush(): Promise<void> {
    this.#poke();
    await this.#reading;
    const last = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (last !== '') this.#onLine(last);
  }

  /** Stops. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#watcher.close();
    await this.flush();
    await this.#file.close();
  }

  #poke(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#reading = this.#reading.then(() => this.#read()).catch(() => undefined);
  }

  async #read(): Promise<void> {
    this.#isWaiting = false;
    await this.#readToEnd();
    if (this.#position > maxLogBytes) await this.#beginAnew();
  }

  async #readToEnd(): Promise<void> {
    const buffer = this.#buffer;
    for (;;) {
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      this.#take(this.#decoder.write(buffer.subarray(0, bytesRead)));
    }
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split(/\r?\n/);
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > maxLineBytes) {
      lines.push(this.#rest);
      this.#rest = '';
    }
    for (const line of lines) this.#onLine(line);
  }

  /**
   * The program has the file open for appending, so it is copied aside and cut to nothing in place. What it writes
   * between the last read and the cut, some microseconds, is lost.
   */
  async #beginAnew(): Promise<void> {
    const aside = `${this.#path}.1.tmp`;
    await copyFile(this.#path, aside);
    await rename(aside, `${this.#path}.1`);
    await this.#readToEnd();
    await this.#file.truncate(0);
    this.#position = 0;
  }
}
