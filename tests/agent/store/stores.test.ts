import { mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../../agent/store/data-folder.ts';
import { StorageFaults } from '../../../agent/store/faults.ts';
import type { LineageRecord } from '../../../agent/store/history-file.ts';
import { HistoryStore } from '../../../agent/store/history-store.ts';
import { ImageStore } from '../../../agent/store/images.ts';
import { digestOf } from '../../../common/digest.ts';

let folder = '';
let data: DataFolder;
const warnings: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vais-stores-'));
  warnings.length = 0;
  data = await DataFolder.open(folder, (message) => warnings.push(message));
});
afterEach(async () => {
  data.close();
  await rm(folder, { recursive: true, force: true });
});

describe('ImageStore', () => {
  it('keeps bytes by their digest, once', async () => {
    const store = await ImageStore.open(data);
    const bytes = Buffer.from('some library');
    const digest = digestOf(bytes);
    await store.put(digest, bytes);
    await store.put(digest, bytes);
    await store.sync(digest);
    expect(await readFile(store.path(digest))).toEqual(bytes);
    expect(await readdir(join(folder, 'images'))).toEqual([digest]);
  });

  it('gives nothing for an image that was damaged on the disk, and takes it again', async () => {
    const store = await ImageStore.open(data);
    const bytes = Buffer.from('some library');
    const digest = digestOf(bytes);
    await store.put(digest, bytes);
    await writeFile(store.path(digest), 'some librarz');
    await store.put(digest, bytes);
    expect(await store.has(digest)).toBe(bytes.length);
    await writeFile(store.path(digest), 'cut');
    expect(await store.has(digest)).toBeUndefined();
    expect(data.quarantine.all.map(({ file, why }) => `${file}: ${why}`)).toEqual([
      `images/${digest}: its 12 bytes are not those that its name says`,
      `images/${digest}: its 3 bytes are not those that its name says`,
    ]);
    expect(warnings).toHaveLength(2);
    const [first] = data.quarantine.all;
    expect(await readFile(join(folder, first?.aside ?? ''), 'utf8')).toBe('some librarz');
  });

  it('sweeps away what a killed agent left half written', async () => {
    await ImageStore.open(data);
    await writeFile(join(folder, 'images', '.0123.tmp'), 'half');
    await ImageStore.open(data);
    expect(await readdir(join(folder, 'images'))).toEqual([]);
  });
});

function desire(lineage: LineageRecord, version: number): void {
  const entry = { version, outcome: 'confirmed', origin: 'push', buildId: `b${version}`, at: 1 } as const;
  Object.assign(lineage, { entries: [...lineage.entries, entry], desired: version });
}

describe('HistoryStore', () => {
  const open = () => HistoryStore.open(data, new StorageFaults((message) => warnings.push(message)));

  it('is there again after a restart', async () => {
    const history = await (await open()).of('game', 'physics');
    const lineage = history.lineage('base-1');
    desire(lineage, 2);
    await history.save(true);
    const again = await (await open()).of('game', 'physics');
    expect(again.latest).toMatchObject({ base: 'base-1', desired: 2, entries: [{ version: 1 }, { version: 2 }] });
  });

  it('starts a new line for a new build, and finds the old one again', async () => {
    const history = await (await open()).of('game', 'game');
    desire(history.lineage('base-1'), 7);
    expect(history.lineage('base-2').desired).toBe(1);
    expect(history.latest?.base).toBe('base-2');
    expect(history.lineage('base-1').desired).toBe(7);
    expect(history.latest?.base).toBe('base-1');
  });

  it.each(['', '{', 'null', '[]', '{"format":2}', '{"format":1,"program":"game","module":"game","lineages":[null]}'])(
    'sets a broken file aside and says so: %j',
    async (text) => {
      const first = await (await open()).of('game', 'game');
      first.lineage('b');
      await first.save(true);
      const [name = ''] = await readdir(join(folder, 'history'));
      await writeFile(join(folder, 'history', name), text);
      const history = await (await open()).of('game', 'game');
      expect(history.latest).toBeUndefined();
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toMatch(/history\/[0-9a-f]{32}\.json is broken: .* set aside/);
      const [aside] = data.quarantine.all;
      expect(await readFile(join(folder, aside?.aside ?? ''), 'utf8')).toBe(text);
      expect(await readdir(join(folder, 'history'))).toEqual([]);
    },
  );

  it('has what was written last, and keeps what is durable out of the way of what is not', async () => {
    const history = await (await open()).of('game', 'game');
    const lineage = history.lineage('base');
    await history.save(true);
    const [durable = ''] = await readdir(join(folder, 'history'));
    const before = await readFile(join(folder, 'history', durable), 'utf8');
    desire(lineage, 5);
    await history.save(false);
    expect(await readFile(join(folder, 'history', durable), 'utf8')).toBe(before);
    expect((await (await open()).of('game', 'game')).latest?.desired).toBe(5);
    // What a power cut may leave of the one that was not synced.
    for (const torn of ['', '{"format":1,"revision":9,']) {
      await writeFile(join(folder, 'history', `${durable}.ahead`), torn);
      expect((await (await open()).of('game', 'game')).latest?.desired).toBe(1);
    }
    desire(lineage, 6);
    await history.save(true);
    expect((await (await open()).of('game', 'game')).latest?.desired).toBe(6);
  });

  it('takes a history that cannot be read for no empty one, and reads it when it can', async () => {
    const history = await (await open()).of('game', 'game');
    desire(history.lineage('base'), 3);
    await history.save(true);
    const [name = ''] = await readdir(join(folder, 'history'));
    const path = join(folder, 'history', name);
    await rename(path, join(folder, 'aside'));
    await mkdir(path);
    const store = await open();
    await expect(store.of('game', 'game')).rejects.toMatchObject({ code: 'storage' });
    await rmdir(path);
    await rename(join(folder, 'aside'), path);
    expect((await store.of('game', 'game')).latest?.desired).toBe(3);
    await store.close();
  });

  it('keeps nothing of a name that is only asked for', async () => {
    const store = await open();
    expect(await store.latest('game', 'game')).toBeUndefined();
    const history = await store.of('game', 'game');
    history.lineage('base');
    expect((await store.latest('game', 'game'))?.base).toBe('base');
  });

  it('has no name from the wire in a path', async () => {
    const history = await (await open()).of('../../evil', 'a/b\0c');
    history.lineage('base');
    await history.save(false);
    expect((await readdir(folder)).sort()).toEqual(['format.json', 'history', 'lock']);
    expect((await readdir(join(folder, 'history'))).every((name) => /^[0-9a-f]{32}\.json(\.ahead)?$/.test(name))).toBe(
      true,
    );
  });
});
