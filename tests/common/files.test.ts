import { lstat, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePrivateFolder } from '../../common/files.ts';

let ground: string;
beforeEach(async () => {
  ground = await mkdtemp(join(tmpdir(), 'vais-files-'));
});
afterEach(() => rm(ground, { recursive: true, force: true }));

describe('makePrivateFolder', () => {
  it('makes the folders above it too, all for this user alone, and takes what is there', async () => {
    await makePrivateFolder(join(ground, 'a', 'b', 'c'));
    await makePrivateFolder(join(ground, 'a', 'b', 'c'));
    for (const path of ['a', 'a/b', 'a/b/c']) {
      const { mode } = await lstat(join(ground, path));
      if (process.platform !== 'win32') expect(mode & 0o777).toBe(0o700);
    }
  });

  it('many at once make the same one', async () => {
    const path = join(ground, 'x', 'y', 'z');
    await Promise.all(Array.from({ length: 20 }, () => makePrivateFolder(path)));
    expect((await lstat(path)).isDirectory()).toBe(true);
  });

  it('follows a link to a folder', async () => {
    await symlink(ground, join(ground, 'link'));
    await makePrivateFolder(join(ground, 'link'));
    await makePrivateFolder(join(ground, 'link', 'a'));
    expect((await lstat(join(ground, 'a'))).isDirectory()).toBe(true);
  });

  it('says what stands in its way', async () => {
    await writeFile(join(ground, 'file'), '');
    for (const path of ['file', 'file/a', 'file/a/b'])
      await expect(makePrivateFolder(join(ground, path))).rejects.toMatchObject({ code: 'storage' });
  });

  it.skipIf(process.platform !== 'linux')(
    'ends in a file system without folders to make (needs Linux: /proc)',
    async () => {
      for (const path of ['/proc/x', '/proc/x/y'])
        await expect(makePrivateFolder(path)).rejects.toMatchObject({ code: 'storage' });
    },
  );
});
