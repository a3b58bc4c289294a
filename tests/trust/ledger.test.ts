import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../agent/trust/ledger.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vl-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const key = 'a'.repeat(64);
const replayed = expect.objectContaining({ code: 'replayed' });

describe('the ledger', () => {
  it('takes each act once, in rising order for each module and each developer', async () => {
    const ledger = await Ledger.open(folder);
    await ledger.enter(key, 'game/game', 5);
    expect(() => ledger.enter(key, 'game/game', 5)).toThrow(replayed);
    expect(() => ledger.enter(key, 'game/game', 4)).toThrow(replayed);
    await ledger.enter(key, 'game/menu', 4);
    await ledger.enter('b'.repeat(64), 'game/game', 1);
    await ledger.enter(key, 'game/game', 6);
    expect(ledger.last(key)).toBe(6);
  });

  it('knows after a restart, however it came, at least what was done', async () => {
    const first = await Ledger.open(folder);
    for (const sequence of [10, 1_000_000, 5_000_000]) await first.enter(key, 'game/game', sequence);
    const second = await Ledger.open(folder); // The first one never had a chance to say goodbye.
    for (const sequence of [10, 1_000_000, 5_000_000])
      expect(() => second.enter(key, 'game/game', sequence)).toThrow(replayed);
    await second.enter(key, 'game/game', second.last(key) + 1);
  });

  it('can be opened again whatever number an act had', async () => {
    const ledger = await Ledger.open(folder);
    await ledger.enter(key, 'game/game', Number.MAX_SAFE_INTEGER);
    const again = await Ledger.open(folder);
    expect(() => again.enter(key, 'game/game', Number.MAX_SAFE_INTEGER)).toThrow(replayed);
    await again.enter('b'.repeat(64), 'game/game', 1);
  });

  it('forgets modules, and never that they were done', async () => {
    const ledger = await Ledger.open(folder);
    for (let module = 1; module <= 400; module += 1) await ledger.enter(key, `game/m${module}`, module);
    for (let module = 1; module <= 400; module += 1)
      expect(() => ledger.enter(key, `game/m${module}`, module)).toThrow(replayed);
    expect(() => ledger.enter(key, 'game/new', 1)).toThrow(replayed);
    await ledger.enter(key, 'game/new', ledger.last(key) + 1);
  });

  it('never takes an act twice, whatever comes when, with restarts between', async () => {
    const act = fc.record({ module: fc.integer({ min: 0, max: 3 }), sequence: fc.integer({ min: 1, max: 40 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 8, arbitrary: act }, fc.constant('restart' as const))),
        async (steps) => {
          await rm(join(folder, 'acts.json'), { force: true });
          let ledger = await Ledger.open(folder);
          const done = new Set<string>();
          for (const step of steps) {
            if (step === 'restart') {
              ledger = await Ledger.open(folder);
              continue;
            }
            const { module, sequence } = step;
            try {
              await ledger.enter(key, `m${module}`, sequence);
            } catch {
              continue;
            }
            expect(done.has(`${module} ${sequence}`)).toBe(false);
            done.add(`${module} ${sequence}`);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});
