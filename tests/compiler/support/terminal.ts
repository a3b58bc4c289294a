import { vaisc } from '../../../compiler/command/command-line.ts';

export interface Said {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `vaisc` in this process and gives what it says. */
export async function say(...args: string[]): Promise<Said> {
  return sayWith('', ...args);
}

/** The same, with this on its standard input. */
export async function sayWith(input: string, ...args: string[]): Promise<Said> {
  let out = '';
  let err = '';
  const exit = await vaisc(args, {
    write: (text) => {
      out += text;
    },
    warn: (text) => {
      err += text;
    },
    read: async () => input,
    color: false,
    signal: new AbortController().signal,
  });
  return { exit, out, err };
}

/** `vaisc watch` while it runs. */
export class Watched {
  readonly #abort = new AbortController();
  readonly ended: Promise<number>;
  text = '';
  #wake: (() => void)[] = [];

  constructor(...args: string[]) {
    const take = (text: string): void => {
      this.text += text;
      for (const wake of this.#wake.splice(0)) wake();
    };
    this.ended = vaisc(['watch', ...args], {
      write: take,
      warn: take,
      read: async () => '',
      color: false,
      signal: this.#abort.signal,
    });
  }

  /** Waits until it has said this once more than `times` times. */
  async until(pattern: RegExp, times = 0): Promise<void> {
    const count = (): number => [...this.text.matchAll(new RegExp(pattern.source, 'g'))].length;
    while (count() <= times) await new Promise<void>((wake) => this.#wake.push(wake));
  }

  async close(): Promise<number> {
    this.#abort.abort();
    return this.ended;
  }
}
