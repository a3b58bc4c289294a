import { expect, it } from 'vitest';
import { inMemory } from '../../../artifact/transfer/local-image.ts';
import type { LastWord, Offering } from '../../../cli/session/offering.ts';
import { ReconnectingSession, type Reopened } from '../../../cli/session/reconnecting-session.ts';
import type { ConnectionReport } from '../../../cli/show/report.ts';
import { VaisError } from '../../../common/error.ts';
import type { State__Output } from '../../../rpc/gen/vais/remote/v1/State.ts';

const gone = (): VaisError => new VaisError('unreachable', 'the line is cut');
const state = (agentId: string): State__Output => ({
  ...{ agentVersion: '', insecure: true, programs: [], agentId, lastSequence: 0, awaited: [] },
});

/** A stream to an agent, which a test can cut. */
class Stream implements Reopened {
  readonly state: State__Output;
  readonly settled = Promise.resolve();
  readonly ended: Promise<VaisError | undefined>;
  readonly offers: Offering[] = [];
  #listener: (state: State__Output) => void = () => undefined;
  #end: (error: VaisError | undefined) => void = () => undefined;
  #over: VaisError | undefined;
  readonly #waiting = new Set<(error: VaisError) => void>();
  #answer: ((word: LastWord) => void) | undefined;
  #offered: () => void = () => undefined;
  /** Resolves when an offer has come. */
  readonly offered = new Promise<void>((resolve) => {
    this.#offered = resolve;
  });

  constructor(name: string) {
    this.state = state(name);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  onState(listener: (state: State__Output) => void): () => void {
    this.#listener = listener;
    return () => undefined;
  }

  offer(offering: Offering): Promise<LastWord> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    this.offers.push(offering);
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      this.#answer = resolve;
      this.#offered();
    });
  }

  say(): void {
    this.#listener(this.state);
  }

  answer(version: number): void {
    this.#answer?.({ ack: { version, unchanged: false, nonce: 1 } as NonNullable<LastWord['ack']> });
  }

  cut(error: VaisError | undefined = gone()): void {
    this.#over = error ?? gone();
    for (const reject of this.#waiting) reject(this.#over);
    this.#end(error);
  }

  close(): void {
    this.cut(undefined);
  }
}

const offering: Offering = {
  manifest: {},
  image: inMemory(Buffer.from('image')),
  elapsedUs: () => 0,
  onEvent: () => undefined,
};

/** A session over these streams, one after the other; an error stands for an attempt that fails. */
async function over(
  next: readonly (Stream | VaisError)[],
  more: { patienceMs?: number; lost?: 'disconnected' | 'interrupted' } = {},
) {
  const reports: ConnectionReport[] = [];
  const abort = new AbortController();
  const streams = [...next];
  const session = await ReconnectingSession.open<Stream>({
    open: async () => {
      const stream = streams.shift();
      if (stream instanceof Stream) return stream;
      throw stream ?? gone();
    },
    ...{ address: 'box:1', lost: 'disconnected', ...more },
    show: (report) => reports.push(report),
    signal: abort.signal,
    backoff: () => ({ pause: () => new Promise((resolve) => setImmediate(resolve)) }),
  });
  return { session, reports, abort };
}

it('opens the next stream when one breaks, says so once, and tells its state', async () => {
  const [first, second] = [new Stream('first'), new Stream('second')];
  const { session, reports } = await over([first, gone(), gone(), second]);
  const heard: string[] = [];
  const isBack = new Promise<void>((resolve) =>
    session.onState((_session, { agentId }) => {
      heard.push(agentId);
      if (agentId === 'second') resolve();
    }),
  );
  first.say();
  first.cut();
  await isBack;
  expect(session.session).toBe(second);
  expect(session.state.agentId).toBe('second');
  expect(reports.map(({ event }) => event)).toEqual(['disconnected', 'connected']);
  first.say(); // Of a stream that is over, nothing is heard.
  second.say();
  expect(heard).toEqual(['first', 'second', 'second']);
  session.close();
  await session.ended;
});

it('makes an offer again that was cut off, and not one that the program may have', async () => {
  const [first, second] = [new Stream('first'), new Stream('second')];
  const { session } = await over([first, second]);
  const answer = session.offer(offering);
  first.cut();
  await second.offered;
  second.offers[0]?.onEvent({ detail: 'loaded' } as Parameters<Offering['onEvent']>[0]);
  second.answer(7);
  expect((await answer).ack?.version).toBe(7);

  const ordered = session.offer(offering);
  const failed = expect(ordered).rejects.toMatchObject({ code: 'unreachable' });
  second.offers[1]?.onEvent({ detail: 'delivered' } as Parameters<Offering['onEvent']>[0]);
  second.cut();
  await failed;
  session.close();
});

it('makes an offer, while nobody is there, when somebody is', async () => {
  const [first, second] = [new Stream('first'), new Stream('second')];
  const { session } = await over([first, gone(), second]);
  first.cut();
  await first.ended;
  await Promise.resolve();
  const answer = session.offer(offering);
  await second.offered;
  second.answer(3);
  expect((await answer).ack?.version).toBe(3);
  session.close();
});

it('gives up when it is turned away, or has no more patience, and offers hear why', async () => {
  const first = new Stream('first');
  const turned = await over([first, new VaisError('not_authorized', 'you were revoked')]);
  const offer = turned.session.offer(offering);
  const heard = expect(offer).rejects.toMatchObject({ code: 'not_authorized' });
  first.cut();
  await heard;
  await expect(turned.session.ended).rejects.toMatchObject({ code: 'not_authorized' });

  const other = new Stream('other');
  const impatient = await over([other, gone()], { patienceMs: 0, lost: 'interrupted' });
  other.cut();
  await expect(impatient.session.ended).rejects.toMatchObject({ code: 'unreachable' });
  expect(impatient.reports.map(({ event }) => event)).toEqual(['interrupted']);
});

it('ends without a word when it is closed, or its signal is given', async () => {
  const [first, second] = [new Stream('first'), new Stream('second')];
  const closed = await over([first]);
  closed.session.close();
  closed.session.close();
  await closed.session.ended;
  expect(closed.reports).toEqual([]);

  const aborted = await over([second]);
  aborted.abort.abort();
  second.cut();
  await aborted.session.ended;
  expect(aborted.reports).toEqual([]);
});

it('fails to open where the first stream cannot be opened', async () => {
  await expect(over([gone()])).rejects.toMatchObject({ code: 'unreachable' });
});
