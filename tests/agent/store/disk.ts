/** A disk that fails under a real agent: `fixtures/disk.c` says how. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An operation on a file of the data folder, or a line that the agent said. */
export interface Operation {
  readonly n: number;
  /** One letter, or `out`. */
  readonly op: string;
  /** Below the data folder; the line itself where `op` is `out`. */
  readonly path: string;
}

export const errors = { EIO: 5, ENOSPC: 28, EDQUOT: 122, EROFS: 30 } as const;

/** All that changes a file. */
const everything = 'owtsrm';

/** The faults of one process, which can be changed while it runs. */
export class Disk {
  readonly #folder: string;
  readonly #root: string;
  readonly #library: string;
  #id = 0;
  #clock = 0;

  /**
   * @param folder where the library, the rules and the log stand
   * @param root the data folder that is meant
   */
  constructor(folder: string, root: string) {
    this.#folder = folder;
    this.#root = root;
    this.#library = join(folder, 'disk.so');
    const source = join(import.meta.dirname, 'fixtures', 'disk.c');
    if (!existsSync(this.#library))
      execFileSync('gcc', ['-O1', '-shared', '-fPIC', '-Wall', '-Wextra', source, '-o', this.#library, '-ldl']);
    this.heal();
  }

  /** What a process gets into its environment. */
  get environment(): Record<string, string> {
    const [DISK_RULES, DISK_LOG] = [join(this.#folder, 'rules'), join(this.#folder, 'log')];
    return { LD_PRELOAD: this.#library, DISK_ROOT: this.#root, DISK_RULES, DISK_LOG };
  }

  /** From the `first` operation on, until `last`, all fail so. The count begins anew. */
  fail(error: keyof typeof errors, first: number, last = 1e9, ops = everything): void {
    // A full disk still lets files be cut.
    this.#rule(errors[error], first, last, error === 'ENOSPC' ? ops.replace('t', '') : ops);
  }

  /** The process is killed in place of this operation. The count begins anew. */
  kill(at: number): void {
    this.#rule(0, at, at, everything);
  }

  /** Nothing fails. The count begins anew. */
  heal(): void {
    this.#rule(1, 0, 0, everything);
  }

  /** Moves the wall clock, in seconds, and resolves when the process sees it: it looks for rules every 10 ms. */
  async setClock(seconds: number): Promise<void> {
    this.#clock = seconds;
    this.heal();
    await new Promise((resolve) => setTimeout(resolve, 40));
  }

  /** Whether the process was killed as it was told. It is so before anybody can see that it has ended. */
  get hasKilled(): boolean {
    return / killed\n(?!.*\n\d)/.test(readFileSync(join(this.#folder, 'log'), 'utf8').slice(-400));
  }

  /** What was done since the count last began. */
  done(): Operation[] {
    const lines = readFileSync(join(this.#folder, 'log'), 'utf8').split('\n');
    const all = lines.flatMap((line): Operation[] => {
      const [, n, op = '', path = ''] = /^(\d+) (\w+) (.*?)( killed| \d+)?$/.exec(line) ?? [];
      return n === undefined ? [] : [{ n: Number(n), op, path }];
    });
    const start = all.findLastIndex(({ n, op }) => n === 1 && op !== 'out');
    return all.slice(Math.max(0, start));
  }

  #rule(error: number, first: number, last: number, ops: string): void {
    this.#id += 1;
    const path = join(this.#folder, 'rules');
    writeFileSync(`${path}.new`, `${Date.now() % 1e9}${this.#id} ${error} ${first} ${last} ${ops} ${this.#clock}\n`);
    renameSync(`${path}.new`, path);
  }
}
