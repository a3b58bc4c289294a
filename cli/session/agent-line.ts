import { VaisError } from '../../common/error.ts';
import type { HistoryEntry__Output } from '../../rpc/gen/vais/remote/v1/HistoryEntry.ts';
import type { State__Output } from '../../rpc/gen/vais/remote/v1/State.ts';
import type { Output } from '../show/output.ts';
import type { Connection } from '../targets/connect.ts';
import { Backoff } from './backoff.ts';
import type { ImageCache } from './image-cache.ts';
import { PushSession } from './push-session.ts';

/** A session that comes back: when the stream to the agent breaks, a new one is opened, for as long as it takes. */
export class AgentLine {
  #client: Connection;
  readonly #outdated: Connection[] = [];
  readonly #address: string;
  readonly #output: Output;
  readonly #signal: AbortSignal;
  readonly #cache: ImageCache;
  readonly #listeners = new Set<(session: PushSession, state: State__Output) => void>();
  #session: PushSession | undefined;

  constructor(client: Connection, address: string, output: Output, signal: AbortSignal, cache: ImageCache) {
    this.#client = client;
    this.#address = address;
    this.#output = output;
    this.#signal = signal;
    this.#cache = cache;
  }

  get address(): string {
    return this.#address;
  }

  /** The session; undefined while the agent is gone. */
  get session(): PushSession | undefined {
    return this.#session;
  }

  /** Calls back with each new state of the agent, that of a new session included. */
  onState(listener: (session: PushSession, state: State__Output) => void): void {
    this.#listeners.add(listener);
  }

  /** The versions of a module. @throws VaisError `unreachable` */
  async history(program: string, module: string): Promise<readonly HistoryEntry__Output[]> {
    return (await this.#client.listHistory(program, module)).entries;
  }

  /** Opens the next session on this connection; that which is open goes on on its own. */
  replace(client: Connection): void {
    this.#outdated.push(this.#client);
    this.#client = client;
  }

  /** Ends its connections. Idempotent. */
  close(): void {
    for (const client of [...this.#outdated, this.#client]) client.close();
  }

  /** Opens the first session. @throws VaisError `unreachable` */
  async open(): Promise<PushSession> {
    const session = await PushSession.open(this.#client, this.#address, this.#signal, this.#cache);
    this.#session = session;
    session.onState((state) => this.#tell(session, state));
    return session;
  }

  /** Keeps the line open until the signal is aborted. */
  async keep(): Promise<void> {
    while (!this.#signal.aborted) {
      const error = await this.#session?.ended;
      this.#session = undefined;
      if (this.#signal.aborted) return;
      const message = error?.message ?? `the agent at ${this.#address} ended the session`;
      this.#output.show({ event: 'disconnected', address: this.#address, message });
      const session = await this.#reopen();
      if (session === undefined) return;
      this.#output.show({ event: 'connected', address: this.#address });
      this.#tell(session, session.state);
    }
  }

  /** A new session; undefined when the signal was aborted first. */
  async #reopen(): Promise<PushSession | undefined> {
    const backoff = new Backoff();
    while (!this.#signal.aborted) {
      await backoff.pause(this.#signal);
      try {
        return await this.open();
      } catch (thrown) {
        // An agent that is away may come back; one that does not want us will not change its mind.
        if (VaisError.from(thrown).exitCode === new VaisError('not_authorized', '').exitCode) throw thrown;
      }
    }
    return undefined;
  }

  #tell(session: PushSession, state: State__Output): void {
    if (this.#session !== session) return;
    for (const listener of this.#listeners) listener(session, state);
  }
}
