import type { HistoryEntry__Output } from '../../rpc/gen/vais/remote/v1/HistoryEntry.ts';
import type { Connection } from './connect.ts';

/** The connection of a command that runs for long: a new one takes its place when the certificate was renewed. */
export class RenewingConnection {
  #current: Connection;
  readonly #outdated: Connection[] = [];

  constructor(first: Connection) {
    this.#current = first;
  }

  get current(): Connection {
    return this.#current;
  }

  /** From now on this one is used; what is open on the one before goes on. */
  replace(next: Connection): void {
    this.#outdated.push(this.#current);
    this.#current = next;
  }

  /** The versions of a module. @throws VaisError `unreachable` */
  async history(program: string, module: string): Promise<readonly HistoryEntry__Output[]> {
    return (await this.#current.listHistory(program, module)).entries;
  }

  /** Ends all of them. Idempotent. */
  close(): void {
    for (const each of [...this.#outdated, this.#current]) each.close();
  }
}
