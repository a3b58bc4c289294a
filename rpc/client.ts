import type * as grpc from '@grpc/grpc-js';
import type { VaisError } from '../common/error.ts';
import type { Target } from './address.ts';
import { type ChannelSetup, plainChannel } from './credentials.ts';
import type { GetStatusResponse__Output } from './gen/vais/remote/v1/GetStatusResponse.ts';
import type { ListHistoryResponse__Output } from './gen/vais/remote/v1/ListHistoryResponse.ts';
import type { ReadLogResponse__Output } from './gen/vais/remote/v1/ReadLogResponse.ts';
import type { RollbackRequest } from './gen/vais/remote/v1/RollbackRequest.ts';
import type { RollbackResponse__Output } from './gen/vais/remote/v1/RollbackResponse.ts';
import type { SessionRequest } from './gen/vais/remote/v1/SessionRequest.ts';
import type { SessionResponse__Output } from './gen/vais/remote/v1/SessionResponse.ts';
import type { WatchEventsResponse__Output } from './gen/vais/remote/v1/WatchEventsResponse.ts';
import { whyNotPlain } from './greet.ts';
import { AgentService } from './protos.ts';
import { channelOptions } from './server.ts';
import { fromStatus } from './status.ts';

/** How long a single answer may take, in milliseconds; streams live as long as their caller wants. */
const callDeadlineMs = 10_000;

/** What a failed call means. */
type Explain = (thrown: unknown) => Promise<VaisError>;

/** One connection to an agent. All failures are VaisErrors. */
export class AgentClient {
  readonly #client: InstanceType<typeof AgentService>;
  readonly #explain: Explain;

  /** @param secure how its channel is made; plain text where it is missing */
  constructor(target: Target, secure?: ChannelSetup) {
    const { credentials, options } = secure ?? plainChannel();
    this.#explain = async (thrown) => {
      const error = fromStatus(thrown, target.address);
      return secure === undefined && error.code === 'unreachable' ? whyNotPlain(target, error) : error;
    };
    this.#client = new AgentService(target.dial ?? target.address, credentials, { ...channelOptions, ...options });
  }

  /** Waits until the agent answers. @throws VaisError `unreachable` when it does not within the deadline */
  connect(deadlineMs = 5_000): Promise<void> {
    return new Promise((resolve, reject) => {
      this.getStatus(false, deadlineMs).then(() => resolve(), reject);
    });
  }

  /** What the agent's programs run now. */
  getStatus(includeContracts: boolean, deadlineMs = callDeadlineMs): Promise<GetStatusResponse__Output> {
    return this.#unary(deadlineMs, (options, done) => this.#client.getStatus({ includeContracts }, options, done));
  }

  /** The versions of a module; empty names mean the only one. */
  listHistory(program: string, module: string, line = 0): Promise<ListHistoryResponse__Output> {
    const request = { program, module, line };
    return this.#unary(callDeadlineMs, (options, done) => this.#client.listHistory(request, options, done));
  }

  /** Goes back to a version (0: the one before); yields progress and ends after an ack or a nack. */
  rollback(request: RollbackRequest, signal: AbortSignal): AsyncGenerator<RollbackResponse__Output> {
    return this.#read(this.#client.rollback(request), signal);
  }

  /** Events of all pushes from now on. */
  async *watchEvents(signal: AbortSignal): AsyncGenerator<WatchEventsResponse__Output> {
    yield* this.#read(this.#client.watchEvents({}), signal);
  }

  /** What a program wrote that the agent started: its newest lines, then, with `follow`, those that come. */
  async *readLog(
    request: { readonly program: string; readonly lines: number; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<ReadLogResponse__Output> {
    yield* this.#read(this.#client.readLog(request), signal);
  }

  /** Opens a session; the agent's first message is its state. */
  session(signal: AbortSignal): AgentSession {
    return new AgentSession(this.#client.session(), this.#explain, signal);
  }

  /** Ends the connection. Idempotent. */
  close(): void {
    this.#client.close();
  }

  #unary<Answer>(
    deadlineMs: number,
    call: (options: grpc.CallOptions, done: grpc.requestCallback<Answer>) => unknown,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      call({ deadline: Date.now() + deadlineMs }, (error, answer) => {
        if (answer !== undefined && error === null) resolve(answer);
        else void this.#explain(error).then(reject);
      });
    });
  }

  async *#read<Answer>(stream: grpc.ClientReadableStream<Answer>, signal: AbortSignal): AsyncGenerator<Answer> {
    const cancel = () => stream.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    try {
      for await (const answer of stream) yield answer as Answer;
    } catch (thrown) {
      if (!signal.aborted) throw await this.#explain(thrown);
    } finally {
      signal.removeEventListener('abort', cancel);
      stream.cancel();
    }
  }
}

/** The long-lived stream of a push or watch session. */
export class AgentSession {
  readonly #stream: grpc.ClientDuplexStream<SessionRequest, SessionResponse__Output>;
  readonly #explain: Explain;
  readonly #signal: AbortSignal;
  #over = false;
  /** Set while the line is full. */
  #drained: Promise<void> | undefined;

  constructor(
    stream: grpc.ClientDuplexStream<SessionRequest, SessionResponse__Output>,
    explain: Explain,
    signal: AbortSignal,
  ) {
    this.#stream = stream;
    this.#explain = explain;
    this.#signal = signal;
    const end = () => {
      this.#over = true;
    };
    // Said by `responses()`; without a listener of its own it would end this process when nobody reads.
    stream.on('error', end).on('status', end);
  }

  /** Sends one message; resolves when the line can take the next one, or will take none any more. */
  send(kind: SessionRequest): Promise<void> {
    if (this.#over || this.#stream.writableEnded || this.#stream.write(kind)) return Promise.resolve();
    this.#drained ??= new Promise((resolve) => {
      const done = () => {
        this.#stream.off('drain', done).off('close', done).off('error', done).off('status', done);
        this.#drained = undefined;
        resolve();
      };
      this.#stream.on('drain', done).on('close', done).on('error', done).on('status', done);
    });
    return this.#drained;
  }

  /** The agent's messages, until the stream ends. @throws VaisError when it breaks, unless the signal ended it */
  async *responses(): AsyncGenerator<SessionResponse__Output> {
    const cancel = () => this.#stream.cancel();
    this.#signal.addEventListener('abort', cancel, { once: true });
    if (this.#signal.aborted) cancel();
    try {
      for await (const answer of this.#stream) yield answer as SessionResponse__Output;
    } catch (thrown) {
      if (!this.#signal.aborted) throw await this.#explain(thrown);
    } finally {
      this.#signal.removeEventListener('abort', cancel);
      this.#stream.cancel();
    }
  }

  /** Ends the stream. Idempotent. */
  close(): void {
    this.#stream.end();
  }
}
