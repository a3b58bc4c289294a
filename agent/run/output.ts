import { type FSWatcher, watch } from 'node:fs';
import { copyFile, type FileHandle, open, rename } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { storageError } from '../../common/files.ts';

/** A program's log is begun anew when it has grown to this many bytes; the one before is kept as `.1`. */
const maxLogBytes = 16 * 1024 * 1024;
const maxLineBytes = 16 * 1024;
/** So much of a log is looked at for its newest lines. */
const maxTailBytes = 1024 * 1024;

/**
 * Follows the file that a program writes its output to. A file and no pipe, so that the program can go on writing when
 * the agent is killed.
 */
export class OutputFollower {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #listeners: Set<(text: string) => void>;
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
    this.#listeners = new Set([onLine]);
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

  /**
   * The newest lines, and every line from then on: none is missing between, and none comes twice. What it returns ends that.
   *
   * @param lines at most so many, of the last mebibyte
   */
  async listen(lines: number, onLines: (lines: readonly string[]) => void): Promise<() => void> {
    const end = this.#position - Buffer.byteLength(this.#rest);
    let waiting: string[] | undefined = [];
    const listener = (text: string): void => {
      if (waiting === undefined) onLines([text]);
      else waiting.push(text);
    };
    this.#listeners.add(listener);
    try {
      onLines(await this.#tail(end, lines));
      onLines(waiting);
      waiting = undefined;
    } catch (thrown) {
      this.#listeners.delete(listener);
      throw storageError(`cannot read ${this.#path}`, thrown);
    }
    return () => this.#listeners.delete(listener);
  }

  /** Says what there is, down to a last line without an end: nobody writes to the file any more. */
  async flush(): Promise<void> {
    this.#poke();
    await this.#reading;
    const last = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (last !== '') this.#say(last);
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
    for (const line of lines) this.#say(line);
  }

  #say(line: string): void {
    for (const listener of this.#listeners) listener(line);
  }

  /** The newest lines before this place; where they are few, those of the log before as well. */
  async #tail(end: number, count: number): Promise<string[]> {
    if (count === 0) return [];
    const own = await readLines(this.#file, end);
    if (own.length >= count) return own.slice(-count);
    const before = await open(`${this.#path}.1`, 'r').catch(() => undefined);
    try {
      const older = before === undefined ? [] : await readLines(before, (await before.stat()).size);
      return [...older, ...own].slice(-count);
    } finally {
      await before?.close();
    }
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

/** The whole lines of the last mebibyte before `end`. */
async function readLines(file: FileHandle, end: number): Promise<string[]> {
  const from = Math.max(0, end - maxTailBytes);
  const bytes = Buffer.alloc(Math.max(0, end - from));
  let read = 0;
  while (read < bytes.length) {
    const { bytesRead } = await file.read(bytes, read, bytes.length - read, from + read);
    if (bytesRead === 0) break; // It was begun anew meanwhile.
    read += bytesRead;
  }
  const lines = bytes.subarray(0, read).toString('utf8').split(/\r?\n/);
  if (from > 0) lines.shift(); // The end of a line.
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => line.slice(0, maxLineBytes));
}
