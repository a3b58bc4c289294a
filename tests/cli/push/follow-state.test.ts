import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as follow from '../../../cli/push/follow-state.ts';

interface Image extends follow.FollowedImage {
  readonly fast?: Image;
}
type State = follow.FollowState<Image>;

const image = (name: string, fast?: Image): Image => ({
  buildId: `build-${name}`,
  digest: `digest-${name}`,
  ...(fast === undefined ? {} : { fast }),
});
const start: State = follow.nothingYet;
const a = image('a');
const b = image('b');
const phaseOf = (state: State): string | undefined => state.newest?.phase.is;
const confirmedAs = (version: number, state = follow.offered(follow.made(start, a))): State =>
  follow.answered(state, state.attempts, { is: 'confirmed', version }).state;
const runs = (buildId: string, version: number, desiredVersion = version): follow.Runs => ({
  ...{ buildId, baseBuildId: 'base', version, desiredVersion },
});
const heard = (state: State, what: follow.Runs) => follow.heard(state, what, ({ fast }) => fast);

describe('the newest image', () => {
  it('waits, is offered, and ends with what the agent says', () => {
    const offered = follow.offered(follow.made(start, a));
    expect(offered.newest).toEqual({ image: a, phase: { is: 'offered', attempt: 1 } });
    expect(follow.answered(offered, 1, { is: 'refused' })).toMatchObject({ say: true });
    expect(phaseOf(confirmedAs(2))).toBe('ended');
    expect(confirmedAs(2).confirmed).toEqual({ version: 2 });
  });

  it('waits again when the connection breaks, or the program is away', () => {
    const offered = follow.offered(follow.made(start, a));
    expect(phaseOf(follow.broke(offered, 1))).toBe('waiting');
    const { state, say } = follow.answered(offered, 1, { is: 'absent' });
    expect([phaseOf(state), say]).toEqual(['waiting', false]);
  });

  it('is no more moved by what becomes of an older one', () => {
    const older = follow.offered(follow.made(start, a));
    const newer = follow.made(older, b);
    expect(follow.broke(newer, 1)).toBe(newer);
    expect(follow.answered(newer, 1, { is: 'refused' })).toEqual({ state: newer, say: false });
    expect(follow.failed(newer, a)).toBe(newer);
  });

  it('is held by one file and released by that alone', () => {
    const held = follow.held(follow.made(start, a), 'ai.c');
    expect(follow.released(held, 'game.c')).toBe(held);
    expect(phaseOf(follow.released(held, 'ai.c'))).toBe('waiting');
  });

  it('gives way without a word where it is the second tier, and with one where somebody else pushed', () => {
    const first = follow.offered(follow.made(start, a));
    expect(follow.answered(first, 1, { is: 'superseded' }).say).toBe(true);
    const second = follow.offered(follow.made(start, image('a2', a)));
    expect(follow.answered(second, 1, { is: 'superseded' }).say).toBe(false);
  });

  it('says once that the program is away, to whoever waits for it', () => {
    expect(follow.absent(start).say).toBe(false);
    const waiting = follow.absent(follow.made(start, a));
    expect(waiting.say).toBe(true);
    expect(follow.absent(waiting.state).say).toBe(false);
    expect(follow.absent(heard(waiting.state, runs('x', 1)).state).say).toBe(true);
  });
});

describe('another version than ours', () => {
  it('is asked after once for each that is desired', () => {
    const first = heard(confirmedAs(2), runs('other', 3));
    expect(first.ask).toEqual({ image: a, version: 2, lost: undefined });
    expect(heard(first.state, runs('other', 3)).ask).toBeUndefined();
    expect(heard(first.state, runs('other', 4)).ask).toMatchObject({ version: 2 });
    expect(heard(confirmedAs(2), runs('build-a', 2)).ask).toBeUndefined();
  });

  it('is no news where a rollback from here made it', () => {
    const rolling = heard(follow.rollingBack(confirmedAs(2)), runs('build-old', 3));
    expect(rolling.ask).toBeUndefined();
    const rolled = follow.rolledBack(rolling.state, 3);
    expect(heard(rolled, runs('build-old', 3)).ask).toBeUndefined();
    expect(heard(rolled, runs('other', 4)).ask).toMatchObject({ version: 2 });
    expect(heard(follow.rolledBack(rolling.state, undefined), runs('other', 3)).ask).toMatchObject({ version: 2 });
  });

  it('is nothing to ask about before something was confirmed', () => {
    expect(heard(follow.made(start, a), runs('other', 3)).ask).toBeUndefined();
    const refused = follow.answered(follow.offered(follow.made(start, a)), 1, { is: 'refused' }).state;
    expect(heard(refused, runs('other', 3)).ask).toBeUndefined();
  });

  it('brings ours again when the agent lost it, the fast build first', () => {
    const fast = image('fast');
    const second = image('second', fast);
    const state = confirmedAs(2, follow.offered(follow.made(start, second)));
    const ran = heard(state, runs('build-second', 2)).state;
    const { state: asked, ask } = heard(ran, runs('base', 1));
    expect(ask?.lost).toBe(fast);
    if (ask === undefined) throw new Error('nothing is asked');
    const again = follow.told(asked, ask, 'unknown');
    expect(again.does).toBe('again');
    expect(again.state.newest).toEqual({ image: fast, phase: { is: 'waiting' } });
    expect(follow.told(asked, ask, 'known')).toMatchObject({ does: 'replaced' });
    const reverted = follow.told(asked, ask, 'reverted');
    expect([reverted.does, phaseOf(reverted.state)]).toEqual(['say', 'failed']);
    const newer = follow.made(asked, b);
    expect(follow.told(newer, ask, 'unknown')).toEqual({ state: newer, does: undefined });
  });

  it('is none of ours when the program was built anew', () => {
    const ran = heard(confirmedAs(2), runs('build-a', 2)).state;
    expect(heard(ran, { ...runs('base', 1), baseBuildId: 'another' }).ask?.lost).toBeUndefined();
  });
});

/** What can happen, as a step from one state to the next, with what is observed on the way. */
type Step = (state: State, log: Log) => State;
interface Log {
  /** Numbers of offers whose answers were shown. */
  readonly said: number[];
  failed: Image | undefined;
  count: number;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>((state, log) => follow.made(state, image(`${++log.count}`))),
  fc.constant<Step>((state) => (phaseOf(state) === 'waiting' ? follow.offered(state) : state)),
  fc.nat(6).map<Step>((attempt) => (state) => follow.broke(state, attempt)),
  fc
    .tuple(
      fc.nat(6),
      fc.constantFrom<follow.Answer>(
        { is: 'refused' },
        { is: 'superseded' },
        { is: 'absent' },
        { is: 'confirmed', version: 2 },
      ),
    )
    .map<Step>(([attempt, answer]) => (state, log) => {
      const next = follow.answered(state, attempt, answer);
      if (next.say) log.said.push(attempt);
      return next.state;
    }),
  fc
    .constantFrom('x', 'y')
    .map<Step>((file) => (state) => (phaseOf(state) === 'waiting' ? follow.held(state, file) : state)),
  fc.constantFrom('x', 'y').map<Step>((file) => (state) => follow.released(state, file)),
  fc.constant<Step>((state, log) => {
    if (phaseOf(state) !== 'ended' || state.newest === undefined) return state;
    log.failed = state.newest.image;
    return follow.failed(state, state.newest.image);
  }),
  fc
    .tuple(fc.nat(4), fc.constantFrom<follow.Record>('known', 'unknown', 'reverted'))
    .map<Step>(([version, record]) => (state) => {
      const { state: next, ask } = heard(state, runs('any', version));
      return ask === undefined ? next : follow.told(next, ask, record).state;
    }),
);

it('shows the answer of an offer once at most, and offers nothing again that has failed', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const log: Log = { said: [], failed: undefined, count: 0 };
      let state = start;
      for (const each of steps) {
        const before = state;
        state = each(state, log);
        expect(state.attempts).toBeGreaterThanOrEqual(before.attempts);
        if (log.failed !== undefined && state.newest?.image === log.failed) expect(phaseOf(state)).toBe('failed');
        if (state.newest?.phase.is === 'offered')
          expect(state.newest.phase.attempt).toBeLessThanOrEqual(state.attempts);
      }
      expect(new Set(log.said).size).toBe(log.said.length);
    }),
  );
});

it('comes to an end from wherever it is, once the agent answers', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const log: Log = { said: [], failed: undefined, count: 0 };
      let state = steps.reduce((now, each) => each(now, log), start);
      for (const file of ['x', 'y']) state = follow.released(state, file);
      if (phaseOf(state) === 'waiting') state = follow.offered(state);
      state = follow.answered(state, state.attempts, { is: 'confirmed', version: 9 }).state;
      expect([undefined, 'ended', 'failed']).toContain(phaseOf(state));
    }),
  );
});
