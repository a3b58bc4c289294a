import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { appendFile, rename, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import type { Change } from '../../common/watch/burst.ts';
import { SourceWatcher } from '../../common/watch/source-watcher.ts';

/** Long enough that nothing below can end a burst by being slow. */
const debounceMs = 200;

const namespace = ['--user', '--map-root-user'];
const canUnshare = spawnSync('unshare', [...namespace, 'true']).status === 0;

let folder: string;
let file: string;
let watcher: SourceWatcher | undefined;
let changes: Change[];
let wake: () => void;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'vais-watch-')));
  file = join(folder, 'game.vais');
  writeFileSync(file, 'one');
  changes = [];
  wake = () => undefined;
});

afterEach(async () => {
  await watcher?.close();
  watcher = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function start(path = file, onChange: (change: Change) => void = () => undefined): Promise<void> {
  watcher = await SourceWatcher.start(path, debounceMs, (change) => {
    changes.push(change);
    onChange(change);
    wake();
  });
}

/** The change with this number, from 0, once there is one. */
async function change(index: number): Promise<Change> {
  for (;;) {
    const found = changes[index];
    if (found !== undefined) return found;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

describe('SourceWatcher', () => {
  it('acts on a save at once, before the burst is over', async () => {
    await start();
    const saved = performance.now();
    writeFileSync(file, 'two');
    const { at, settled } = await change(0);
    expect(at - saved).toBeLessThan(debounceMs);
    expect(await settled).toBe(true);
    expect(changes).toHaveLength(1);
  });

  it('sees a save by rename, again and again', async () => {
    await start();
    for (let count = 0; count < 5; count += 1) {
      writeFileSync(join(folder, '.game.vais.swp'), `version ${count}`);
      renameSync(join(folder, '.game.vais.swp'), file);
      expect(await (await change(count)).settled).toBe(true);
    }
    expect(changes).toHaveLength(5);
  });

  it('acts on the last of two saves within 10 ms, though the second has no event of its own in chokidar', async () => {
    await start();
    writeFileSync(file, 'two');
    const first = await change(0);
    writeFileSync(file, 'three');
    const second = await change(1);
    expect(await first.settled).toBe(false);
    expect(await second.settled).toBe(true);
    expect(second.digest).not.toBe(first.digest);
  });

  it('says that half a file does not stand, and reads the rest at once', async () => {
    await start(file, (found) => {
      if (changes.length === 1) {
        // As an editor that writes in two steps, with the compiler busy between them.
        void appendFile(file, ' second half').then(() => found.unusable());
      }
    });
    writeFileSync(file, 'first half');
    const half = await change(0);
    const whole = await change(1);
    expect(whole.at - half.at).toBeLessThan(debounceMs);
    expect(await half.settled).toBe(false);
    expect(await whole.settled).toBe(true);
  });

  it('takes an emptied file for one that is being written', async () => {
    await start();
    await writeFile(file, '');
    await writeFile(file, 'two');
    expect(await (await change(0)).settled).toBe(true);
    expect(changes).toHaveLength(1);
  });

  it('outlives that the file is deleted and made again', async () => {
    await start();
    unlinkSync(file);
    writeFileSync(file, 'two');
    expect(await (await change(0)).settled).toBe(true);
    await unlink(file);
    await writeFile(join(folder, 'other'), 'three');
    await rename(join(folder, 'other'), file);
    expect(await (await change(1)).settled).toBe(true);
    expect(changes).toHaveLength(2);
  });

  it('takes a save of the same content, and saves of other files, for no change', async () => {
    await start();
    writeFileSync(file, 'one');
    writeFileSync(join(folder, 'other.vais'), 'two');
    writeFileSync(file, 'three');
    expect(await (await change(0)).settled).toBe(true);
    expect(changes).toHaveLength(1);
  });

  it('takes the next save for a change, also of the same content, when that was not taken up', async () => {
    await start();
    watcher?.want();
    await writeFile(file, 'one');
    const { digest, settled } = await change(0);
    expect(await settled).toBe(true);
    await writeFile(file, 'one');
    await writeFile(file, 'two');
    expect((await change(1)).digest).not.toBe(digest);
    expect(changes.length).toBe(2);
  });

  it('watches where a link leads, also when it leads elsewhere later', async () => {
    const [near, far] = ['near', 'far'].map((name) => mkdtempSync(join(folder, name)));
    const link = join(folder, 'link.vais');
    writeFileSync(`${near}/a.vais`, 'a1');
    writeFileSync(`${far}/b.vais`, 'b1');
    symlinkSync(`${near}/a.vais`, link);
    await start(link);
    writeFileSync(`${near}/a.vais`, 'a2');
    expect(await (await change(0)).settled).toBe(true);
    symlinkSync(`${far}/b.vais`, `${link}.new`);
    renameSync(`${link}.new`, link);
    expect(await (await change(1)).settled).toBe(true);
    writeFileSync(`${far}/b.vais`, 'b2');
    expect(await (await change(2)).settled).toBe(true);
  });

  it('goes on when the folder is exchanged for another, as by a checkout', async () => {
    const inner = join(folder, 'src');
    mkdirSync(inner);
    writeFileSync(join(inner, 'game.vais'), 'one');
    await start(join(inner, 'game.vais'));
    mkdirSync(`${inner}.new`);
    writeFileSync(join(`${inner}.new`, 'game.vais'), 'two');
    renameSync(inner, `${inner}.old`);
    renameSync(`${inner}.new`, inner);
    expect(await (await change(0)).settled).toBe(true);
    writeFileSync(join(inner, 'game.vais'), 'three');
    expect(await (await change(1)).settled).toBe(true);
    rmSync(inner, { recursive: true });
    mkdirSync(inner);
    writeFileSync(join(inner, 'game.vais'), 'four');
    expect(await (await change(2)).settled).toBe(true);
  });

  it('watches files that the source imports', async () => {
    const imported = join(folder, 'sub.vais');
    writeFileSync(imported, 'one');
    await start();
    watcher?.follow([imported]);
    writeFileSync(imported, 'two');
    expect(await (await change(0)).settled).toBe(true);
    expect(changes).toHaveLength(1);
  });

  it('watches for files and folders that are missing, and for those that go and come back', async () => {
    const imported = join(folder, 'lib', 'util', 'sub.vais');
    await start();
    watcher?.follow([imported]);
    mkdirSync(join(folder, 'lib', 'util'), { recursive: true });
    writeFileSync(imported, 'one');
    expect(await (await change(0)).settled).toBe(true);
    unlinkSync(imported);
    expect(await (await change(1)).settled).toBe(true);
    writeFileSync(imported, 'two');
    expect(await (await change(2)).settled).toBe(true);
    rmSync(join(folder, 'lib'), { recursive: true });
    expect(await (await change(3)).settled).toBe(true);
    mkdirSync(join(folder, 'lib', 'util'), { recursive: true });
    writeFileSync(imported, 'three');
    expect(await (await change(4)).settled).toBe(true);
    writeFileSync(imported, 'four');
    expect(await (await change(5)).settled).toBe(true);
    expect(changes).toHaveLength(6);
  });

  it.skipIf(!canUnshare)('polls where the system grants no watch, and sees saves there', () => {
    // A user namespace in which no inotify watch can be had: what a mount without events looks like from here.
    const script = join(packageRoot, 'tests', 'common', 'fixtures', 'watch-once.mjs');
    const commands = 'echo 0 > /proc/sys/user/max_inotify_watches && exec "$@"';
    const args = [...namespace, 'sh', '-c', commands, 'sh', process.execPath, script, file];
    const { stdout, stderr, status } = spawnSync('unshare', args, { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ polling: true, changes: 3 });
    expect(status).toBe(0);
  });
});
