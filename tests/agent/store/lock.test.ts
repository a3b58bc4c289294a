/** One agent for a data folder: by real processes that start at the same instant. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../../agent/store/data-folder.ts';
import { takeLock } from '../../../agent/store/lock.ts';
import { packageRoot } from '../../../common/package-root.ts';
import { Heard } from '../harness.ts';

interface Answer {
  readonly pid?: number;
  readonly won?: boolean;
  readonly code?: string;
  readonly message?: string;
}

const rounds = 50;
let folder = '';
const starters: Starter[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vl-'));
});
afterEach(async () => {
  for (const starter of starters.splice(0)) await starter.kill();
  await rm(folder, { recursive: true, force: true });
});

/** A process that starts an agent when it is told to. */
class Starter {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #heard = new Heard<Answer>('starter');
  #asked = 0;

  constructor() {
    const script = join(import.meta.dirname, 'fixtures', 'starter.mjs');
    this.#child = spawn(process.execPath, [script, join(packageRoot, 'dist', 'agent', 'agent.js')]);
    this.#child.stdin.on('error', () => undefined);
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#heard.put(JSON.parse(line) as Answer));
    starters.push(this);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ask(line = ''): Promise<Answer> {
    this.#child.stdin.write(`${line}\n`);
    this.#asked += 1;
    return this.#answer();
  }

  async ready(): Promise<this> {
    await this.#answer();
    return this;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  #answer(): Promise<Answer> {
    return this.#heard.first(() => true, 'an answer', this.#asked);
  }
}

const order = (at: number, data = join(folder, 'd')) => JSON.stringify({ data, at });

describe('agents that start on one data folder at the same instant', () => {
  it(`are one, and the others say who it is, ${rounds} times`, { timeout: 120_000 }, async () => {
    const all = await Promise.all([0, 1, 2].map(() => new Starter().ready()));
    for (let round = 0; round < rounds; round += 1) {
      const contenders = round % 2 === 0 ? all : all.slice(round % 3 === 0 ? 0 : 1).slice(0, 2);
      const at = Date.now() + 15;
      const answers = await Promise.all(contenders.map((each) => each.ask(order(at))));
      const winner = contenders[answers.findIndex(({ won }) => won)];
      expect(answers.filter(({ won }) => won)).toHaveLength(1);
      for (const answer of answers.filter(({ won }) => !won))
        expect(answer).toMatchObject({
          code: 'busy',
          message: `another agent (pid ${winner?.pid}) has the data folder ${join(folder, 'd')}`,
        });
      await winner?.ask();
    }
  });

  it('are one again as soon as that one is killed', { timeout: 120_000 }, async () => {
    for (let round = 0; round < 5; round += 1) {
      const [first, second] = await Promise.all([new Starter().ready(), new Starter().ready()]);
      expect(await first.ask(order(0))).toMatchObject({ won: true });
      expect(await second.ask(order(0))).toMatchObject({ won: false });
      await first.kill();
      expect(await second.ask(order(0))).toMatchObject({ won: true });
      await second.kill();
    }
  });
});

describe('a lock', () => {
  it('holds within one process too, and is free when it is released, twice over', async () => {
    const path = join(folder, 'lock');
    const lock = await takeLock(path, 'this');
    await expect(takeLock(path, 'this')).rejects.toMatchObject({
      code: 'busy',
      message: `another agent (pid ${process.pid}) has this`,
    });
    lock.release();
    lock.release();
    (await takeLock(path, 'this')).release();
  });

  it('is taken whatever stands in its file, and names who has it even when that was of a dead one', async () => {
    const path = join(folder, 'lock');
    for (const text of ['', '999999999 nobody\n', 'rubbish \0', '4194303 ']) {
      await writeFile(path, text);
      const lock = await takeLock(path, 'this');
      expect(await readFile(path, 'utf8')).toMatch(new RegExp(`^${process.pid} `));
      lock.release();
    }
  });

  it('is not fooled by a file that was removed while somebody held it', async () => {
    const path = join(folder, 'lock');
    const lost = await takeLock(path, 'this');
    await rm(path);
    const lock = await takeLock(path, 'this');
    await expect(takeLock(path, 'this')).rejects.toMatchObject({ code: 'busy' });
    lost.release();
    await expect(takeLock(path, 'this')).rejects.toMatchObject({ code: 'busy' });
    lock.release();
  });

  it('follows no link, so that no other file is written over', async () => {
    await writeFile(join(folder, 'precious'), 'kept');
    await symlink(join(folder, 'precious'), join(folder, 'lock'));
    await expect(takeLock(join(folder, 'lock'), 'it')).rejects.toMatchObject({ code: 'storage' });
    await expect(DataFolder.open(folder, () => undefined)).rejects.toMatchObject({ code: 'storage' });
    expect(await readFile(join(folder, 'precious'), 'utf8')).toBe('kept');
  });

  it('is not for a folder that others can write to, in which nothing is touched then', async () => {
    await chmod(folder, 0o777);
    const refused = expect.objectContaining({ code: 'storage', message: expect.stringContaining('others can write') });
    await expect(DataFolder.open(folder, () => undefined)).rejects.toEqual(refused);
    expect(await readdir(folder)).toEqual([]);
  });

  it('says where it cannot be', async () => {
    await expect(takeLock(join(folder, 'none', 'lock'), 'this')).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('none'),
    });
  });
});
