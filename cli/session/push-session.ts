import { type Manifest as SignedManifest, validateManifest } from '../../artifact/act/manifest.ts';
import type { Chunk } from '../../artifact/transfer/chunk.ts';
import type { LocalImage } from '../../artifact/transfer/local-image.ts';
import { type TransferPlan, TransferPlans, wholeInOffer } from '../../artifact/transfer/transfer-plan.ts';
import { Upload } from '../../artifact/transfer/upload.ts';
import { VaisError } from '../../common/error.ts';
import { packageVersion } from '../../common/package-root.ts';
import type { AgentClient, AgentSession } from '../../rpc/client.ts';
import type { Chunk as WireChunk } from '../../rpc/gen/vais/remote/v1/Chunk.ts';
import type { Manifest } from '../../rpc/gen/vais/remote/v1/Manifest.ts';
import type { SessionResponse__Output } from '../../rpc/gen/vais/remote/v1/SessionResponse.ts';
import type { State__Output } from '../../rpc/gen/vais/remote/v1/State.ts';
import type { Want__Output } from '../../rpc/gen/vais/remote/v1/Want.ts';
import { tierName } from '../../rpc/names.ts';
import type { Signer } from '../targets/signer.ts';
import type { ImageCache } from './image-cache.ts';
import type { LastWord, Offering, Sent } from './offering.ts';

const empty = Buffer.alloc(0);

/** An agent that answers within so many milliseconds is near: compressing would take longer than sending. */
const nearMs = 15;
/** So often it is asked, to find out. */
const trips = 3;
/** How long the agent may take to state what it runs, in milliseconds. */
const openDeadlineMs = 5_000;
/** The agent tells of so many of our versions when they fail after they were confirmed; it knows the last of each module. */
const maxConfirmed = 64;

interface Pending extends Offering {
  readonly upload: Upload;
  readonly making?: Promise<Buffer | undefined> | undefined;
  sent: Sent;
  said: boolean;
  readonly resolve: (word: LastWord) => void;
  readonly reject: (error: VaisError) => void;
}

/** What opens a session: with what signs for it, where the agent wants that. */
type SessionClient = Pick<AgentClient, 'session' | 'getStatus'> & { readonly signer?: Signer | undefined };

/** One stream to an agent: it states what runs, takes offers, and says what becomes of each. */
export class PushSession {
  readonly #session: AgentSession;
  readonly #signer: Signer | undefined;
  readonly #pending = new Map<number, Pending>();
  /** Of offers that were confirmed: a version may fail later. */
  readonly #confirmed = new Map<number, Offering['onEvent']>();
  readonly #stateListeners = new Set<(state: State__Output) => void>();
  /** Resolves when the stream is over: with the error that broke it, or undefined when it was ended on purpose. */
  readonly ended: Promise<VaisError | undefined>;
  #state: State__Output | undefined;
  #over: VaisError | undefined;
  #nonce = 0;
  readonly #ways: TransferPlans | undefined;
  /** Offers go in the order in which they were made. */
  #turn: Promise<unknown> | undefined;
  #tripMs = 0;

  private constructor(session: AgentSession, signer: Signer | undefined, cache: ImageCache | undefined) {
    this.#session = session;
    this.#signer = signer;
    this.#ways = cache === undefined ? undefined : new TransferPlans(cache);
    this.ended = this.#read();
  }

  /**
   * Opens a session and waits for the agent's state.
   *
   * @param cache what deltas are made of; without one, there are none
   * @throws VaisError `unreachable`
   */
  static async open(
    client: SessionClient,
    address: string,
    signal: AbortSignal,
    cache?: ImageCache,
  ): Promise<PushSession> {
    const session = new PushSession(client.session(signal), client.signer, cache);
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
      void session.#measure(client);
    } catch (thrown) {
      session.close();
      throw thrown;
    }
    return session;
  }

  /** What the agent last said that its programs run. */
  get state(): State__Output {
    return this.#state ?? { agentVersion: '', insecure: true, programs: [], agentId: '', lastSequence: 0, awaited: [] };
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
   * @throws VaisError when the stream breaks first
   */
  offer(offering: Offering): Promise<LastWord> {
    const { image, manifest } = offering;
    const way =
      this.#ways?.choose(image, manifest.digest ?? '', this.#runningOf(manifest), this.#near) ?? inOffer(image);
    if (this.#turn === undefined && !(way instanceof Promise)) return this.#offer(offering, way);
    const answered = Promise.all([way, this.#turn]).then(([found]) => ({ answer: this.#offer(offering, found) }));
    const turn = answered.finally(() => {
      if (this.#turn === turn) this.#turn = undefined;
    });
    this.#turn = turn;
    return turn.then(({ answer }) => answer);
  }

  #offer(offering: Offering, { image = empty, delta = empty, base, making }: TransferPlan): Promise<LastWord> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    const nonce = ++this.#nonce;
    const { manifest, elapsedUs } = offering;
    return new Promise((resolve, reject) => {
      const upload = new Upload(offering.image, {
        send: (of, chunk) => this.#session.send({ chunk: wireChunk(of, chunk) }),
        near: this.#near,
        onProgress: (progress) => {
          const pending = this.#pending.get(nonce);
          if (pending !== undefined) pending.sent = { way: 'chunks', bytes: progress.sent, had: progress.had };
          offering.onProgress?.(progress);
        },
      });
      const first = image.length > 0 ? 'inline' : delta.length > 0 ? 'delta' : 'stored';
      const sent = { way: first, bytes: image.length + delta.length, had: 0 } as const;
      this.#pending.set(nonce, { ...offering, upload, making, sent, said: false, resolve, reject });
      const signature = this.#signer?.push(signable(manifest), this.state) ?? null;
      void this.#session.send({
        offer: { nonce, manifest, image, delta, base: base ?? '', elapsedUs: elapsedUs(), signature },
      });
    });
  }

  /** Resolves when the images that were confirmed are kept, so that the next ones can be made of them. */
  get settled(): Promise<void> {
    return this.#ways?.settled ?? Promise.resolve();
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
    for (const { reject, upload } of this.#pending.values()) {
      upload.stop();
      reject(this.#over);
    }
    this.#pending.clear();
    return error;
  }

  #hear({ kind, state, want, taken, progress, ack, nack }: SessionResponse__Output): void {
    if (kind === 'state' && state) {
      this.#state = state;
      for (const listener of [...this.#stateListeners]) listener(state);
    } else if (kind === 'want' && want) {
      void this.#send(want);
    } else if (kind === 'taken' && taken) {
      this.#pending.get(taken.nonce)?.upload.taken(taken.chunk);
    } else if (kind === 'progress' && progress?.event) {
      const pending = this.#pending.get(progress.nonce);
      if (pending !== undefined && progress.event.detail === 'received') saySent(pending);
      const onEvent = pending?.onEvent ?? this.#confirmed.get(progress.nonce);
      onEvent?.(progress.event);
    } else if (kind === 'ack' && ack) {
      this.#settle(ack.nonce, { ack });
    } else if (kind === 'nack' && nack) {
      this.#settle(nack.nonce, { nack });
    }
  }

  #settle(nonce: number, word: LastWord): void {
    const pending = this.#pending.get(nonce);
    this.#pending.delete(nonce);
    if (pending === undefined) return;
    pending.upload.stop();
    if (word.ack) {
      this.#remember(nonce, pending.onEvent);
      this.#ways?.keep(pending.manifest.digest ?? '', pending.image);
    }
    pending.resolve(word);
  }

  #remember(nonce: number, onEvent: Offering['onEvent']): void {
    this.#confirmed.set(nonce, onEvent);
    const [oldest] = this.#confirmed.keys();
    if (oldest !== undefined && this.#confirmed.size > maxConfirmed) this.#confirmed.delete(oldest);
  }

  /** Sends what the agent wants of an offered image. */
  async #send({ nonce, chunk, delta: wantsDelta }: Want__Output): Promise<void> {
    const pending = this.#pending.get(nonce);
    if (pending === undefined) return;
    if (wantsDelta) {
      const delta = (await pending.making) ?? empty;
      if (delta.length > 0) pending.sent = { way: 'delta', bytes: delta.length, had: 0 };
      return void this.#session.send({ delta: { nonce, delta } });
    }
    try {
      await pending.upload.start(nonce, chunk);
    } catch (thrown) {
      this.#pending.delete(nonce);
      pending.reject(VaisError.from(thrown));
    }
  }

  get #near(): boolean {
    return this.#tripMs <= nearMs;
  }

  /** How long an answer takes, at best. */
  async #measure(client: SessionClient): Promise<void> {
    let best = Number.POSITIVE_INFINITY;
    try {
      for (let count = 0; count < trips; count += 1) {
        const begun = performance.now();
        await client.getStatus(false);
        best = Math.min(best, performance.now() - begun);
      }
    } catch {
      // Whoever is gone is missed elsewhere.
    }
    if (Number.isFinite(best)) this.#tripMs = best;
  }

  /** The digests of what the program runs, by its own word. */
  #runningOf({ program, module }: Manifest): string[] {
    const modules = this.state.programs.filter(({ name }) => name === program).flatMap((each) => each.modules);
    return [...new Set(modules.filter(({ name }) => name === module).map(({ digest }) => digest))];
  }
}

/** Where there is nothing to make a delta of. */
function inOffer(image: LocalImage): TransferPlan {
  return image.kind === 'bytes' && image.size <= wholeInOffer.near ? { image: image.bytes } : {};
}

function wireChunk(nonce: number, { index, size, checksum, compression, data }: Chunk): WireChunk {
  const how = compression === 'brotli' ? 'COMPRESSION_BROTLI' : 'COMPRESSION_UNSPECIFIED';
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return { nonce, index, size, checksum, compression: how, data: bytes };
}

function saySent(pending: Pending): void {
  if (pending.said) return;
  pending.said = true;
  pending.onSent?.(pending.sent);
}

function signable(manifest: Manifest): SignedManifest {
  return validateManifest({
    ...manifest,
    tier: tierName(manifest.tier === 'TIER_FAST' ? 'TIER_FAST' : 'TIER_OPTIMIZED'),
  });
}
