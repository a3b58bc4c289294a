import { VaisError } from '../../common/error.ts';
import type { State__Output } from '../../rpc/gen/vais/remote/v1/State.ts';
import type { StageName } from '../../rpc/names.ts';
import type { ConnectionReport } from '../show/report.ts';
import { Backoff } from './backoff.ts';
import type { LastWord, Offering } from './offering.ts';
import type { PushSession } from './push-session.ts';

/** What offers images. */
export type Offerer = Pick<PushSession, 'state' | 'offer'>;

/** What of a session is used here. */
export type Reopened = Pick<PushSession, 'state' | 'offer' | 'onState' | 'ended' | 'settled' | 'close'>;

/** From here on the agent goes on by itself, and the program may have the new version. */
const ordered: readonly (StageName | undefined)[] = ['delivered', 'loaded', 'swapped', 'confirmed'];

/** How a session is opened, and for how long it is worth to try. */
export interface ReconnectingOptions<Session extends Reopened = PushSession> {
  readonly open: () => Promise<Session>;
  readonly address: string;
  /** What is said when the agent is gone: `disconnected` of who waits for saves, `interrupted` of who waits for an upload. */
  readonly lost: 'disconnected' | 'interrupted';
  /** How long an agent that cannot be reached is tried again, in milliseconds; for ever unless given. */
  readonly patienceMs?: number;
  readonly show: (report: ConnectionReport) => void;
  readonly signal: AbortSignal;
  readonly backoff?: () => Pick<Backoff, 'pause'>;
}

/** One session, and what comes after it. */
interface Epoch<Session> {
  readonly session: Session;
  /** The session after this one. Rejects when there will be none. */
  readonly next: Promise<Session>;
}

/**
 * A session that comes back: when the stream to the agent breaks, a new one is opened. An offer that was on its way is made
 * again, and an upload goes on where it was; once the agent has given an image to the program, it is not offered twice.
 */
export class ReconnectingSession<Session extends Reopened = PushSession> implements Offerer {
  readonly #options: ReconnectingOptions<Session>;
  readonly #listeners = new Set<(session: Session, state: State__Output) => void>();
  /** Resolves when it was closed or the signal aborted; rejects when it gave the agent up, or was turned away. */
  readonly ended: Promise<void>;
  #epoch: Epoch<Session>;
  #isThere = true;
  #isClosed = false;
  #turn: { resolve: (session: Session) => void; reject: (error: unknown) => void } | undefined;

  private constructor(options: ReconnectingOptions<Session>, first: Session) {
    this.#options = options;
    this.#epoch = this.#begin(first);
    this.ended = this.#keep();
    this.ended.catch(() => undefined); // Whoever offers hears it as well.
  }

  /** Opens the first session. @throws VaisError `unreachable`, and what `open` does */
  static async open<Session extends Reopened = PushSession>(
    options: ReconnectingOptions<Session>,
  ): Promise<ReconnectingSession<Session>> {
    return new ReconnectingSession(options, await options.open());
  }

  get address(): string {
    return this.#options.address;
  }

  /** The session; undefined while the agent is gone. */
  get session(): Session | undefined {
    return this.#isThere ? this.#epoch.session : undefined;
  }

  /** What the agent said last. */
  get state(): State__Output {
    return this.#epoch.session.state;
  }

  /** As `PushSession.settled`. */
  get settled(): Promise<void> {
    return this.#epoch.session.settled;
  }

  /** Calls back with each new state of the agent, the first of a new session included. */
  onState(listener: (session: Session, state: State__Output) => void): void {
    this.#listeners.add(listener);
  }

  /** As `PushSession.offer`, over as many sessions as it takes. @throws VaisError when the connection breaks too late, or for too long */
  async offer(offering: Offering): Promise<LastWord> {
    for (let epoch = this.#isThere ? this.#epoch : await this.#following(this.#epoch); ; ) {
      let isOrdered = false;
      const onEvent: Offering['onEvent'] = (event) => {
        isOrdered ||= ordered.includes(event.detail);
        offering.onEvent(event);
      };
      try {
        return await epoch.session.offer({ ...offering, onEvent });
      } catch (thrown) {
        const isOver = isOrdered || this.#isClosed || this.#options.signal.aborted;
        if (VaisError.from(thrown).code !== 'unreachable' || isOver) throw thrown;
        epoch = await this.#following(epoch);
      }
    }
  }

  /** Ends the stream. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#epoch.session.close();
  }

  async #following(epoch: Epoch<Session>): Promise<Epoch<Session>> {
    await epoch.next;
    return this.#epoch;
  }

  #begin(session: Session): Epoch<Session> {
    const next = new Promise<Session>((resolve, reject) => {
      this.#turn = { resolve, reject };
    });
    next.catch(() => undefined); // Where nobody waits for it.
    session.onState((state) => this.#tell(session, state));
    return { session, next };
  }

  async #keep(): Promise<void> {
    const { signal, show, address, lost } = this.#options;
    for (;;) {
      const error = await this.#epoch.session.ended;
      this.#isThere = false;
      const turn = this.#turn;
      const why = error ?? new VaisError('unreachable', `the agent at ${address} ended the session`);
      if (this.#isClosed || signal.aborted) {
        turn?.reject(why);
        return;
      }
      show({ event: lost, address, message: why.message });
      try {
        const session = await this.#reopen(why);
        this.#epoch = this.#begin(session);
        this.#isThere = true;
        show({ event: 'connected', address });
        turn?.resolve(session);
        this.#tell(session, session.state);
      } catch (thrown) {
        turn?.reject(thrown);
        if (signal.aborted || this.#isClosed) return;
        throw thrown;
      }
    }
  }

  /** The next session. @throws VaisError `why` when the signal was aborted first, or what keeps it from being opened */
  async #reopen(why: VaisError): Promise<Session> {
    const { open, signal, patienceMs = Number.POSITIVE_INFINITY, backoff = () => new Backoff() } = this.#options;
    const pauses = backoff();
    const until = performance.now() + patienceMs;
    for (;;) {
      await pauses.pause(signal);
      if (signal.aborted || this.#isClosed) throw why;
      try {
        return await open();
      } catch (thrown) {
        // An agent that is away may come back; one that does not want us will not change its mind.
        const error = VaisError.from(thrown);
        const isFinal = error.exitCode === new VaisError('not_authorized', '').exitCode;
        if (isFinal || performance.now() > until) throw error;
      }
    }
  }

  #tell(session: Session, state: State__Output): void {
    if (this.#epoch.session !== session || !this.#isThere) return;
    for (const listener of this.#listeners) listener(session, state);
  }
}
