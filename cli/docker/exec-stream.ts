import type { Duplex, Readable, Writable } from 'node:stream';

/** A command to run in a container. */
export interface Command {
  readonly words: readonly string[];
  /** `UID[:GID]` or a name; missing: that of the container. */
  readonly user?: string;
  /** `NAME=VALUE`, besides the container's own. */
  readonly environment?: readonly string[];
}

/** How much of what a command complains about is kept, in characters. */
const maxErrors = 8_192;

/** A command that runs in a container, with its standard streams. */
export class ExecStream {
  readonly input: Writable;
  readonly output: Readable;
  readonly #raw: Duplex;
  readonly #exitCode: () => Promise<number>;
  #errors = '';
  #closed = false;

  constructor(raw: Duplex, output: Writable & Readable, errors: Writable & Readable, exitCode: () => Promise<number>) {
    this.#raw = raw;
    this.input = raw;
    this.output = output;
    this.#exitCode = exitCode;
    errors.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(0, maxErrors);
    });
    const end = (): void => {
      output.end();
      errors.end();
    };
    raw.on('end', end).on('close', end).on('error', end);
  }

  /** What it has said on standard error. */
  get errors(): string {
    return this.#errors;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Once it has ended. */
  exitCode(): Promise<number> {
    return this.#exitCode();
  }

  /** Hangs up; what runs sees the end of its input. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#raw.destroy();
  }
}
