import type { Progress } from '../../artifact/transfer/upload.ts';
import type { SendingReport, SentReport } from '../show/report.ts';
import type { Sent } from './offering.ts';

/** What takes no longer is not worth a word, in milliseconds; of what does, one comes so often. */
const quietMs = 500;
const everyMs = 200;

/** What a push is of. */
type About = Pick<SendingReport, 'push' | 'program' | 'module'>;

/** Makes reports of how an image travels, of those that take their time, and not too many. */
export class Sending {
  readonly #about: About;
  readonly #of: number;
  readonly #ms: () => number;
  readonly #show: (report: SendingReport | SentReport) => void;
  #begun: { readonly at: number; readonly bytes: number } | undefined;
  #saidAt = 0;

  /** @param ms milliseconds since the push began */
  constructor(about: About, of: number, ms: () => number, show: (report: SendingReport | SentReport) => void) {
    this.#about = about;
    this.#of = of;
    this.#ms = ms;
    this.#show = show;
  }

  readonly progress = ({ bytes, had, of, sent }: Progress): void => {
    const now = performance.now();
    this.#begun ??= { at: now, bytes };
    if (now - this.#begun.at < quietMs || now - this.#saidAt < everyMs) return;
    this.#saidAt = now;
    const bytesPerSecond = this.#rate(now, bytes);
    this.#show({ event: 'sending', ...this.#about, bytes, of, had, sent, bytesPerSecond, ms: this.#ms() });
  };

  readonly done = ({ way, bytes, had }: Sent): void => {
    if (way === 'inline') return;
    const rate = way === 'chunks' ? { bytesPerSecond: this.#rate(performance.now(), this.#of) } : {};
    this.#show({ event: 'sent', ...this.#about, way, sent: bytes, of: this.#of, had, ...rate, ms: this.#ms() });
  };

  #rate(now: number, bytes: number): number {
    const begun = this.#begun ?? { at: now, bytes };
    return Math.max(0, Math.round(((bytes - begun.bytes) * 1000) / Math.max(1, now - begun.at)));
  }
}
