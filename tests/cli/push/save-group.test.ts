import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Pending, SaveGroup, type SaveGroupMember } from '../../../cli/push/save-group.ts';
import { errorReport } from '../../../cli/show/report.ts';
import { VaisError } from '../../../common/error.ts';

/** A follower as the group sees it: what it has to offer, and what became of it. */
class Member implements SaveGroupMember {
  readonly file: string;
  readonly log: string[];
  state: 'none' | 'waiting' | 'held' | 'offered' | 'refused' = 'none';
  misfit = false;
  heldBy = '';
  /** Saved, and nobody has told yet. */
  unheard = false;
  readonly #group: SaveGroup;

  constructor(file: string, group: SaveGroup, log: string[]) {
    this.file = file;
    this.log = log;
    this.#group = group;
    group.join(this);
  }

  save(): void {
    this.#group.saved(this);
  }

  built(ok = true): void {
    if (ok) this.state = 'waiting';
    this.#group.made(this, ok);
  }

  look(): void {
    if (!this.unheard) return;
    this.unheard = false;
    this.save();
  }

  pending(): Pending | undefined {
    return this.state === 'waiting' ? this.#pending() : undefined;
  }

  offered(): Pending | undefined {
    return this.state === 'offered' ? this.#pending() : undefined;
  }

  release(file: string): void {
    if (this.state === 'held' && this.heldBy === file) this.state = 'waiting';
  }

  #pending(): Pending {
    const refused = this.misfit ? errorReport(new VaisError('contract_changed', 'it does not fit')) : undefined;
    return {
      module: this.file,
      file: this.file,
      refused,
      bring: (group) => {
        this.state = 'offered';
        this.log.push(`${this.file} with ${[...(group?.modules ?? [])].sort().join('+') || 'none'}`);
      },
      refuse: () => {
        this.state = 'refused';
        this.log.push(`${this.file} refused`);
      },
      hold: (by) => {
        this.state = 'held';
        this.heldBy = by;
        this.log.push(`${this.file} held by ${by}`);
      },
    };
  }
}

function groupOf(...files: string[]): { group: SaveGroup; members: Member[]; log: string[] } {
  const group = new SaveGroup();
  const log: string[] = [];
  return { group, log, members: files.map((file) => new Member(file, group, log)) };
}

/** Until nothing is left to come: the burst's time is 25 ms. */
async function quiet(log: readonly string[], length: number): Promise<void> {
  const until = Date.now() + 10_000;
  while (log.length < length && Date.now() < until) await wait(5);
}

const member = (members: readonly Member[], index: number): Member => {
  const found = members[index];
  if (found === undefined) throw new Error(`there is no member ${index}`);
  return found;
};

it('offers what is alone at once', () => {
  const { members, log } = groupOf('a');
  member(members, 0).save();
  member(members, 0).built();
  expect(log).toEqual(['a with none']);
});

it('brings what is saved in one burst together, also what nobody has told of yet', async () => {
  const { members, log } = groupOf('a', 'b', 'c');
  const [a, b] = [member(members, 0), member(members, 1)];
  a.save();
  b.unheard = true;
  a.built();
  await wait(60);
  expect(log).toEqual([]); // b is being built.
  b.built();
  await quiet(log, 2);
  expect(log.sort()).toEqual(['a with a+b', 'b with a+b']);
});

it('holds what is right until what was saved with it is right', async () => {
  const { members, log } = groupOf('a', 'b');
  const [a, b] = [member(members, 0), member(members, 1)];
  a.save();
  b.save();
  a.built();
  b.built(false);
  await quiet(log, 1);
  expect(log).toEqual(['a held by b']);
  b.save();
  b.built();
  await quiet(log, 3);
  expect(log.slice(1).sort()).toEqual(['a with a+b', 'b with a+b']);
});

it('refuses what does not fit, and holds the others for it', async () => {
  const { members, log } = groupOf('a', 'b');
  const [a, b] = [member(members, 0), member(members, 1)];
  b.misfit = true;
  a.save();
  b.save();
  a.built();
  b.built();
  await quiet(log, 2);
  expect(log.sort()).toEqual(['a held by b', 'b refused']);
});

it('offers anew what is on its way together with something that gives way', async () => {
  const { members, log } = groupOf('a', 'b');
  const [a, b] = [member(members, 0), member(members, 1)];
  a.save();
  b.save();
  a.built();
  b.built();
  await quiet(log, 2);
  a.save();
  a.built();
  await quiet(log, 4);
  expect(log.slice(2).sort()).toEqual(['a with a+b', 'b with a+b']);
});

it('leaves nothing waiting, and never offers a part of a burst, whatever the order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(2), fc.boolean()), { minLength: 1, maxLength: 6 }), async (saves) => {
      const { group, members, log } = groupOf('a', 'b', 'c');
      for (const [index] of saves) member(members, index).save();
      const last = new Map(saves);
      for (const [index, ok] of last) member(members, index).built(ok);
      const good = [...last].filter(([, ok]) => ok);
      await quiet(log, good.length);
      const together = good.map(([index]) => member(members, index).file).sort();
      const isWhole = good.length === last.size;
      for (const [index] of good) {
        const { state, file } = member(members, index);
        expect([file, state]).toEqual([file, isWhole ? 'offered' : 'held']);
      }
      if (isWhole)
        expect(log.sort()).toEqual(
          together.map((file) => `${file} with ${together.length > 1 ? together.join('+') : 'none'}`),
        );
      group.close();
    }),
    { numRuns: 25 },
  );
});
