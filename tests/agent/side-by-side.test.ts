/** What happens between two steps of something that waits: the disk's limit, cleaning, closing, and who goes away meanwhile. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Cleaner } from '../../agent/cleaner.ts';
import { Delivery } from '../../agent/deliver/delivery.ts';
import { Programs } from '../../agent/deliver/programs.ts';
import { Push } from '../../agent/deliver/push.ts';
import { listenForPrograms } from '../../agent/link/listener.ts';
import { PartialStore } from '../../agent/receive/partials.ts';
import { Uploads } from '../../agent/receive/uploads.ts';
import { DataFolder } from '../../agent/store/data-folder.ts';
import { StorageFaults } from '../../agent/store/faults.ts';
import { HistoryStore } from '../../agent/store/history-store.ts';
import { ImageStore } from '../../agent/store/images.ts';
import { encodeChunks } from '../../artifact/transfer/chunk.ts';
import { digestOf } from '../../common/digest.ts';
import { Program } from '../runtime/harness.ts';
import { eventually, Stock } from './harness.ts';

const stock = new Stock();
let folder = '';
let data: DataFolder;
let faults: StorageFaults;
const warnings: string[] = [];
const warn = (message: string) => void warnings.push(message);
beforeAll(() => stock.build());
afterAll(() => stock.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vb-'));
  warnings.length = 0;
  data = await DataFolder.open(folder, warn);
  faults = new StorageFaults(warn);
});
afterEach(async () => {
  data.close();
  await rm(folder, { recursive: true, force: true });
});

const bytesOf = (text: string) => ({ bytes: Buffer.from(text), digest: digestOf(text) });

function programsOf(images: ImageStore, histories: HistoryStore): Programs {
  const closing = new AbortController().signal;
  const world = { images, deathOf: async () => 'ended', closing, publish: () => undefined, warn };
  return new Programs(histories, world, () => undefined);
}

describe('many images at once', () => {
  /** Files of ten bytes, as uploads leave them, which become images side by side. */
  async function adoptAll(images: ImageStore, count: number): Promise<PromiseSettledResult<void>[]> {
    await images.usage();
    const all = Array.from({ length: count }, (_, index) => bytesOf(String(index).padStart(10, '0')));
    for (const { digest, bytes } of all) await writeFile(join(folder, digest), bytes);
    return Promise.allSettled(all.map(({ digest }) => images.adopt(digest, join(folder, digest), 10)));
  }

  it('are all counted', async () => {
    const images = await ImageStore.open(data);
    await adoptAll(images, 20);
    expect(await images.usage()).toEqual({ count: 20, bytes: 200 });
  });

  it('take no more room together than there is', async () => {
    const images = await ImageStore.open(data, 105);
    const ends = await adoptAll(images, 20);
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(await readdir(join(folder, 'images'))).toHaveLength(10);
  });
});

describe('cleaning', () => {
  it('leaves the image of a version alone that began while it looked', async () => {
    const images = await ImageStore.open(data);
    const histories = await HistoryStore.open(data, faults);
    const [old, next] = [bytesOf('old'), bytesOf('next')];
    for (const { digest, bytes } of [old, next]) await images.put(digest, bytes);
    const history = await histories.of('game', 'game');
    const lineage = history.lineage('b');
    const list = images.list.bind(images);
    images.list = async () => {
      const found = await list();
      // A push comes to its end meanwhile; nothing holds its image any more.
      const push = { version: 2, origin: 'push', buildId: 'x', at: 0, digest: next.digest } as const;
      const entries = [...lineage.entries, { ...push, outcome: 'confirmed' }];
      Object.assign(lineage, { entries, desired: 2 });
      images.list = list;
      return found;
    };
    const programs = programsOf(images, histories);
    const cleaner = new Cleaner({ images, histories, programs, quarantine: data.quarantine, faults, keep: 1 });
    await images.makeRoom(0);
    await cleaner.close();
    expect(lineage.entries.at(-1)?.cleaned).toBeUndefined();
    expect(await readdir(join(folder, 'images'))).toEqual([next.digest]);
    expect(warnings).toEqual([]);
  });

  it('of a line of versions: what runs again of it is written down', async () => {
    const images = await ImageStore.open(data);
    const histories = await HistoryStore.open(data, faults);
    const programs = programsOf(images, histories);
    const link = await listenForPrograms(join(folder, 'link.sock'), (socket) => programs.accept(socket));
    const run = async () => {
      const program = new Program(stock.program, { link: link.path });
      await eventually(() => programs.links.some(({ pid }) => pid === program.pid), 'the program is linked');
      return program;
    };
    const started: Program[] = [];
    try {
      started.push(await run());
      const [first] = programs.links;
      const history = await histories.of(first?.name ?? '', 'game');
      started[0]?.kill();
      await eventually(() => programs.links.length === 0, 'it is gone');
      history.lineages.splice(0); // As cleaning does with the lines that have not run for long.
      started.push(await run());
      expect(history.lineages).toHaveLength(1);
      const [latest] = history.lineages;
      expect(latest && programs.queueOf(first?.name ?? '', 'game')?.lineage.isOf(latest)).toBe(true);
    } finally {
      for (const program of started) program.kill();
      programs.close();
      await link.close();
    }
  });
});

describe('a history that was closed', () => {
  it('is written no more: the folder may be another agent’s', async () => {
    const histories = await HistoryStore.open(data, faults);
    const history = await histories.of('game', 'game');
    await history.save(true);
    const saved = history.save(true);
    const late = saved.then(() => history.save(false)); // As a push that fails when its program's connection ends.
    await histories.close();
    await late;
    await expect(history.save(true)).rejects.toMatchObject({ code: 'storage' });
  });
});

describe('a version that is ordered where nobody is any more', () => {
  it('is refused, and holds nothing up', async () => {
    const push = new Push({ program: 'p', module: 'm', buildId: 'b', origin: 'push' }, 0, []);
    const delivery = new Delivery(
      push,
      { buildId: 'b' },
      {
        images: await ImageStore.open(data),
        deathOf: async () => 'ended',
        closing: new AbortController().signal,
        makeDurable: async () => undefined,
        newest: () => undefined,
        swapped: () => undefined,
        wentBack: () => undefined,
      },
    );
    delivery.order([]);
    const outcomes = await Promise.race([delivery.ended, new Promise((done) => setTimeout(done, 1_000, 'nothing'))]);
    expect(outcomes).toMatchObject([{ kind: 'refused', reason: { code: 'no_such_program' } }]);
    expect(delivery.mayHaveRun).toBe(false);
  });
});

describe('an upload whose last step fails', () => {
  it('is still known to whoever refuses it, so that its end is written down', async () => {
    const store = await PartialStore.open(folder);
    store.placeForMade = () => join(folder, 'nowhere', 'x.made');
    const uploads = new Uploads(store, 'ann', () => undefined);
    const { bytes, digest } = bytesOf('an image');
    const manifest = { program: 'p', module: 'm', triple: 'x86_64-linux-gnu', digest, size: bytes.length } as const;
    const offered = {
      manifest: { ...manifest, buildId: 'b', parentVersion: 0, tier: 'fast' },
      startedAt: 0,
      admission: {
        durable: Promise.resolve(),
        developer: '',
        requireRights: () => undefined,
        close: async () => undefined,
      },
      group: undefined,
    } as const;
    uploads.expect(1, offered);
    expect(await uploads.expectChunks(1)).toBe(0);
    const source = { size: bytes.length, read: async (from: number, to: number) => bytes.subarray(from, to) };
    for await (const chunk of encodeChunks(source, () => 'none'))
      await expect(uploads.take(1, chunk)).rejects.toMatchObject({ code: 'storage' });
    expect(uploads.drop(1)).toBe(offered);
  });
});

describe('a push that is overtaken on its way to its queue', () => {
  it('is superseded by what came after it, and not the other way round', async () => {
    const images = await ImageStore.open(data);
    const histories = await HistoryStore.open(data, faults);
    const programs = programsOf(images, histories);
    const link = await listenForPrograms(join(folder, 'link.sock'), (socket) => programs.accept(socket));
    const program = new Program(stock.program, { link: link.path });
    try {
      await eventually(() => programs.links.length === 1, 'the program is linked');
      const [queue] = programs.links.flatMap((each) => programs.queueFor(each, 'game') ?? []);
      const of = (buildId: string) => new Push({ program: 'p', module: 'game', buildId, origin: 'push' }, 0, []);
      const [older, newer] = [of('older'), of('newer')];
      const ends = Promise.all([
        queue?.submit(newer, { buildId: 'newer' }),
        queue?.submit(older, { buildId: 'older' }),
      ]);
      await eventually(() => newer.version > 0, 'the newer one has its turn');
      program.kill(); // The end of either is enough.
      expect((await ends)[1]).toMatchObject({ kind: 'superseded', reason: { code: 'superseded' } });
      expect(older.version).toBe(0);
    } finally {
      program.kill();
      programs.close();
      await link.close();
    }
  });
});
