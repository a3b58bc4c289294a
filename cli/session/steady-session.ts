import { VaisError } from '../../common/error.ts';
import type { State__Output } from '../../rpc/gen/vais/remote/v1/State.ts';
import type { StageName } from '../../rpc/names.ts';
import type { LineReport } from '../show/report.ts';
import { Backoff } from './backoff.ts';
import type { LastWord, Offering } from './offering.ts';
import type { PushSession } from './push-session.ts';

/** What offers images. */
export type Offerer = Pick<PushSession, 'state' | 'offer'>;

/** From here on the agent goes on by itself, and the program may have the new version. */
const ordered: readonly (StageName | undefined)[] = ['delivered', 'loaded', 'swapped', 'confirmed'];

/**
 * A session for a push: where the line breaks while the image is on its way, a new one is opened, and the image offered
 * again; it goes on where it was. Once the agent has given it to the program, it is not offered a second time.
 */
export class SteadySession {
  readonly #open: () => Promise<PushSession>;
  readonly #address: string;
  readonly #patienceMs: number;
  readonly #show: (report: LineReport) => void;
  readonly #signal: AbortSignal;
  #session: PushSession;
  #reopening: Promise<void> | undefined;

  private constructor(session: PushSession, options: SteadyOptions) {
    this.#session = session;
    this.#open = options.open;
    this.#address = options.address;
    this.#patienceMs = options.patienceMs;
    this.#show = options.show;
    this.#signal = options.signal;
  }

  /** Opens the first session. @throws VaisError `unreachable` */
  static async open(options: SteadyOptions): Promise<SteadySession> {
    return new SteadySession(await options.open(), options);
  }

  get state(): State__Output {
    return this.#session.state;
  }

  /** As `PushSession.offer`. @throws VaisError when the line breaks too late, or for too long */
  async offer(offering: Offering): Promise<LastWord> {
    for (;;) {
      let isOrdered = false;
      const onEvent: Offering['onEvent'] = (event) => {
        isOrdered ||= ordered.includes(event.detail);
        offering.onEvent(event);
      };
      const session = this.#session;
      try {
        return await session.offer({ ...offering, onEvent });
      } catch (thrown) {
        const error = VaisError.from(thrown);
        if (error.code !== 'unreachable' || isOrdered || this.#signal.aborted) throw thrown;
        if (session === this.#session) this.#reopening ??= this.#reopen(error);
        await this.#reopening;
      }
    }
  }

  /** As `PushSession.settled`. */
  get settled(): Promise<void> {
    return this.#session.settled;
  }

  /** Ends the stream. Idempotent. */
  close(): void {
    this.#session.close();
  }

  async #reopen(why: VaisError): Promise<void> {
    this.#show({ event: 'interrupted', address: this.#address, message: why.message });
    const backoff = new Backoff();
    const until = performance.now() + this.#patienceMs;
    try {
      for (;;) {
        await backoff.pause(this.#signal);
        if (this.#signal.aborted) throw why;
        try {
          this.#session = await this.#open();
          break;
        } catch (thrown) {
          const error = VaisError.from(thrown);
          if (error.code !== 'unreachable' || performance.now() > until) throw thrown;
        }
      }
    } finally {
      this.#reopening = undefined;
    }
    this.#show({ event: 'connected', address: this.#address });
  }
}

/** What a steady session works with. */
export interface SteadyOptions {
  readonly open: () => Promise<PushSession>;
  readonly address: string;
  /** How long an agent that cannot be reached is tried again, in milliseconds. */
  readonly patienceMs: number;
  readonly show: (report: LineReport) => void;
  readonly signal: AbortSignal;
}
