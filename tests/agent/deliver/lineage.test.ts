/** What becomes of versions, whatever order it becomes of them in. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOf, Lineage, runs } from '../../../agent/deliver/lineage.ts';
import { Push } from '../../../agent/deliver/push.ts';
import type { LinkedModule } from '../../../agent/link/program-link.ts';
import type { HistoryEntry } from '../../../agent/store/history-file.ts';
import { readContract } from '../../../artifact/contract/records.ts';
import { type Digest, digestOf } from '../../../common/digest.ts';
import { VaisError } from '../../../common/error.ts';

const contract = readContract([
  '{"record":"module","format":1,"name":"m","triple":"x86_64-linux-gnu","build":"00000000000000000000000000000001","tier":"fast","compiler":"by hand","source":"m.vais"}',
]);
const reason = new VaisError('reverted', 'it crashed');
const digest = (n: number): Digest => digestOf(String(n));
const codeOf = (n: number, tier: 'fast' | 'optimized' = 'fast') => ({
  image: { digest: digest(n), size: n },
  buildId: `b${n}${tier}`,
  tier,
});

function made(): Lineage {
  const entries: HistoryEntry[] = [{ version: 1, outcome: 'confirmed', origin: 'start', buildId: 'b', at: 0 }];
  return new Lineage({ base: 'b', desired: 1, entries });
}

function begin(lineage: Lineage, n: number, more: { rollbackTo?: number; developer?: string } = {}): HistoryEntry {
  const push = new Push({ program: 'p', module: 'm', origin: 'push', buildId: `b${n}`, ...more }, 0, []);
  const entry = lineage.begin(push, codeOf(n));
  expect(push.version).toBe(entry.version);
  return entry;
}

const running = (version: number, n: number | undefined): LinkedModule => ({
  ...{ name: 'm', source: 'm.vais', base: 'b', version, buildId: n === undefined ? 'b' : `b${n}`, state: 'confirmed' },
  ...{ digest: n === undefined ? undefined : digest(n), contract },
});

const step = fc.oneof(
  fc.record({ does: fc.constant('confirm' as const), image: fc.nat(5) }),
  fc.record({ does: fc.constant('fail' as const), image: fc.nat(5), mayHaveRun: fc.boolean() }),
  fc.record({ does: fc.constant('revert' as const), which: fc.nat(), running: fc.option(fc.nat()) }),
  fc.record({ does: fc.constant('refine' as const), image: fc.integer({ min: 6, max: 9 }), holds: fc.boolean() }),
  fc.record({ does: fc.constant('adopt' as const), ahead: fc.nat(3), image: fc.nat(5) }),
);

function take(lineage: Lineage, each: typeof step extends fc.Arbitrary<infer Step> ? Step : never): void {
  const { desired, desiredEntry } = lineage;
  if (each.does === 'confirm') lineage.confirm(begin(lineage, each.image));
  else if (each.does === 'fail') {
    lineage.fail(begin(lineage, each.image), { kind: 'reverted', reason }, desired, each.mayHaveRun);
    expect(lineage.desired).toBe(desired);
  } else if (each.does === 'revert') {
    const entry = lineage.entries[each.which % lineage.entries.length];
    // What the program started with cannot fail for good: there is nothing before it.
    if (entry !== undefined && entry.version !== 1) lineage.revert(entry, reason, each.running ?? undefined);
  } else if (each.does === 'refine' && desiredEntry?.digest !== undefined) {
    const fast = { digest: desiredEntry.digest, buildId: desiredEntry.buildId };
    lineage.refine(desiredEntry, codeOf(each.image, 'optimized'));
    expect(isOf(desiredEntry, codeOf(each.image))).toBe(true);
    if (!each.holds && desiredEntry.fast !== undefined) {
      expect(lineage.unrefine(desiredEntry)).toBe(true);
      if (desiredEntry.digest === fast.digest) expect(desiredEntry).toMatchObject(fast);
    }
  } else if (each.does === 'adopt') lineage.adopt(running(lineage.next + each.ahead, each.image));
}

describe('a lineage', () => {
  it('desires a version that holds, has each number once, and gives none twice', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const lineage = made();
        for (const each of steps) {
          const before = lineage.next;
          take(lineage, each);
          const numbers = lineage.entries.map(({ version }) => version).filter((version) => version > 0);
          expect(new Set(numbers).size).toBe(numbers.length);
          expect(lineage.next).toBeGreaterThanOrEqual(before);
          expect(lineage.desiredEntry?.outcome).toBe('confirmed');
          const back = lineage.before === undefined ? undefined : lineage.entry(lineage.before);
          if (back !== undefined) expect(back.digest).not.toBe(lineage.desiredEntry?.digest);
        }
      }),
    );
  });

  it('takes a confirmation back as if it had not been', () => {
    const lineage = made();
    const takeBack = lineage.confirm(begin(lineage, 1));
    expect(lineage.desired).toBe(2);
    takeBack();
    expect([lineage.desired, lineage.entry(2)?.outcome]).toEqual([1, 'pending']);
  });

  it('goes back to what the program went back to, where that held; else to the newest that did', () => {
    const lineage = made();
    for (const n of [1, 2, 3]) lineage.confirm(begin(lineage, n));
    const [, second, third, fourth] = lineage.entries;
    if (second === undefined || third === undefined || fourth === undefined) throw new Error('there are four');
    expect(lineage.revert(fourth, reason, 2)).toBe(true);
    expect(lineage.desired).toBe(2);
    expect(lineage.revert(fourth, reason, 3)).toBe(false); // It had failed already.
    lineage.revert(second, reason, 99);
    expect(lineage.desired).toBe(1);
    expect(third.outcome).toBe('confirmed');
  });

  it('gives the number of what never ran to the next', () => {
    const lineage = made();
    lineage.fail(begin(lineage, 1), { kind: 'refused', reason }, 1, false);
    expect(begin(lineage, 2).version).toBe(2);
    expect(lineage.entries.map(({ version, outcome }) => [version, outcome])).toEqual([
      [1, 'confirmed'],
      [0, 'refused'],
      [2, 'pending'],
    ]);
  });

  it('adopts what a program runs, and tells what is on its way from what was lost', () => {
    const lineage = made();
    const [lost, coming] = [begin(lineage, 1), begin(lineage, 2)];
    expect(lineage.adopt(running(1, undefined))).toBe(coming);
    expect([lost.outcome, coming.outcome]).toEqual(['superseded', 'pending']);
    expect(lineage.contract).toBeDefined();
    lineage.adopt(running(7, 5)); // From a library beside its source.
    expect([lineage.desired, lineage.next]).toEqual([7, 8]);
    expect(runs(running(7, 5), lineage.desiredEntry)).toBe(true);
  });

  it('keeps who pushed a version', () => {
    expect(begin(made(), 1, { developer: 'ann' }).developer).toBe('ann');
    expect(begin(made(), 1)).not.toHaveProperty('developer');
  });
});
