import { type Manifest as SignedManifest, validateManifest } from '../artifact/manifest.ts';
import { VaisError } from '../common/error.ts';
import { packageVersion } from '../common/package-root.ts';
import type { AgentClient, AgentSession } from '../rpc/client.ts';
import type { Event__Output } from '../rpc/gen/vais/remote/v1/Event.ts';
import type { Manifest } from '../rpc/gen/vais/remote/v1/Manifest.ts';
import type { SessionResponse__Output } from '../rpc/gen/vais/remote/v1/SessionResponse.ts';
import type { State__Output } from '../rpc/gen/vais/remote/v1/State.ts';
import { tierName } from '../rpc/names.ts';
import { fromFailure } from '../rpc/status.ts';
import type { Signer } from './signer.ts';

/** An image up to this size, in bytes, travels inside its offer, which saves a round trip. */
const inlineBytes = 512 * 1024;
/** Larger ones go in chunks of this size. */
const chunkBytes = 256 * 1024;
/** How long the agent may take to state what it runs, in milliseconds. */
const openDeadlineMs = 5_000;
/** The agent tells of so many of our versions when they fail after they were confirmed; it knows the last of each module. */
const maxConfirmed = 64;

/** How the agent ended an offer. */
export type Answer =
  | { readonly ok: true; readonly version: number; readonly unchanged: boolean }
  | { readonly ok: false; readonly runningVersion: number; readonly reason: VaisError };

interface Pending {
  readonly image: Buffer;
  readonly onEvent: (event: Event__Output) => void;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: VaisError) => void;
}

/** What opens a session: with what signs for it, where the agent wants that. */
type SessionClient = Pick<AgentClient, 'session'> & { readonly signer?: Signer | undefined };

/** One stream to an agent: it states what runs, takes offers, and says what becomes of each. */
export class PushSession {
  readonly #session: AgentSession;
  readonly #signer: Signer | undefined;
  readonly #pending = new Map<number, Pending>();
  /** Of offers that were confirmed: a version may fail later. */
  readonly #confirmed = new Map<number, Pending['onEvent']>();
  readonly #stateListeners = new Set<(state: State__Output) => void>();
  /** Resolves when the stream is over: with the error that broke it, or undefined when it was ended on purpose. */
  readonly ended: Promise<VaisError | undefined>;
  #state: State__Output | undefined;
  #over: VaisError | undefined;
  #nonce = 0;

  private constructor(session: AgentSession, signer: Signer | undefined) {
    this.#session = session;
    this.#signer = signer;
    this.ended = this.#read();
  }

  /** Opens a session and waits for the agent's state. @throws VaisError `unreachable` */
  static async open(client: SessionClient, address: string, signal: AbortSignal): Promise<PushSession> {
    const session = new PushSession(client.session(signal), client.signer);
    const deadline = AbortSignal.timeout(openDeadlineMs);
    const stated = new Promise<void>((resolve, reject) => {
      session.onState(() => resolve());
      session.ended.then((error) => reject(error ?? new VaisError('unreachable', `the agent at ${address} hung up`)));
      deadline.addEventListener('abort', () =>
        reject(new VaisError('unreachable', `the agent at ${address} does not say what it runs`)),
      );
    });
    await session.#session.send({ open: { clientVersion: packageVersion } });
    try {
      await stated;
    } catch (thrown) {
      session.close();
      throw thrown;
    }
    return session;
  }

  /** What the agent last said that its programs run. */
  get state(): State__Output {
    return this.#state ?? { agentVersion: '', insecure: true, programs: [], agentId: '', lastSequence: 0 };
  }

  /** Calls back at each new state. Returns how to stop that. */
  onState(listener: (state: State__Output) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  /**
   * Offers an image and waits for the agent's last word on it. A version that was confirmed and fails later is one more
   * event, `reverted`.
   *
   * @param elapsedUs asked for when the offer is sent: microseconds since the push began
   * @throws VaisError when the stream breaks first
   */
  offer(manifest: Manifest, image: Buffer, elapsedUs: () => number, onEvent: Pending['onEvent']): Promise<Answer> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    const nonce = ++this.#nonce;
    return new Promise((resolve, reject) => {
      this.#pending.set(nonce, { image, onEvent, resolve, reject });
      const inline = image.length <= inlineBytes ? image : Buffer.alloc(0);
      const signature = this.#signer?.push(signable(manifest), this.state) ?? null;
      void this.#session.send({ offer: { nonce, manifest, image: inline, elapsedUs: elapsedUs(), signature } });
    });
  }

  /** Ends the stream. Idempotent. */
  close(): void {
    this.#session.close();
  }

  async #read(): Promise<VaisError | undefined> {
    let error: VaisError | undefined;
    try {
      for await (const response of this.#session.responses()) this.#hear(response);
    } catch (thrown) {
      error = VaisError.from(thrown);
    }
    this.#over = error ?? new VaisError('unreachable', 'the session with the agent is over');
    for (const { reject } of this.#pending.values()) reject(this.#over);
    this.#pending.clear();
    return error;
  }

  #hear({ kind, state, want, progress, ack, nack }: SessionResponse__Output): void {
    if (kind === 'state' && state) {
      this.#state = state;
      for (const listener of [...this.#stateListeners]) listener(state);
    } else if (kind === 'want' && want) {
      void this.#upload(want.nonce, want.offset);
    } else if (kind === 'progress' && progress?.event) {
      const onEvent = this.#pending.get(progress.nonce)?.onEvent ?? this.#confirmed.get(progress.nonce);
      onEvent?.(progress.event);
    } else if (kind === 'ack' && ack) {
      this.#settle(ack.nonce, { ok: true, version: ack.version, unchanged: ack.unchanged });
    } else if (kind === 'nack' && nack) {
      this.#settle(nack.nonce, { ok: false, runningVersion: nack.runningVersion, reason: fromFailure(nack.reason) });
    }
  }

  #settle(nonce: number, answer: Answer): void {
    const pending = this.#pending.get(nonce);
    this.#pending.delete(nonce);
    if (pending === undefined) return;
    if (answer.ok) this.#remember(nonce, pending.onEvent);
    pending.resolve(answer);
  }

  #remember(nonce: number, onEvent: Pending['onEvent']): void {
    this.#confirmed.set(nonce, onEvent);
    const [oldest] = this.#confirmed.keys();
    if (oldest !== undefined && this.#confirmed.size > maxConfirmed) this.#confirmed.delete(oldest);
  }

  /** Sends the rest of an image, as fast as the line takes it, and stops when the agent has answered already. */
  async #upload(nonce: number, from: number): Promise<void> {
    const image = this.#pending.get(nonce)?.image;
    if (image === undefined) return;
    for (let offset = from; offset < image.length && this.#pending.has(nonce); offset += chunkBytes) {
      const data = image.subarray(offset, offset + chunkBytes);
      await this.#session.send({ chunk: { nonce, offset, data } });
    }
  }
}

function signable(manifest: Manifest): SignedManifest {
  return validateManifest({
    ...manifest,
    tier: tierName(manifest.tier === 'TIER_FAST' ? 'TIER_FAST' : 'TIER_OPTIMIZED'),
  });
}
