import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { readImage } from '../../artifact/contract/image.ts';
import { Watched } from './support/terminal.ts';
import { compiled, workFolder } from './support/work.ts';

const work = workFolder();
const open: Watched[] = [];
afterEach(async () => {
  for (const watched of open.splice(0)) await watched.close();
});

const text = (value: number | string): string => `#[hot]\nF step() -> i64 = ${value}\n`;

async function watch(...flags: string[]): Promise<{ watched: Watched; file: string; library: string; folder: string }> {
  const folder = mkdtempSync(join(work, 'watch-'));
  const file = join(folder, 'game.vais');
  writeFileSync(file, text(1));
  const watched = new Watched(file, ...flags);
  open.push(watched);
  await watched.until(/watching/);
  return { watched, file, library: join(folder, 'libgame.so'), folder };
}

const idOf = (library: string): string => readImage(readFileSync(library)).contract.buildId;

it('builds at the start and at each save', async () => {
  const { watched, file, library } = await watch();
  const first = idOf(library);
  writeFileSync(file, text(2));
  await watched.until(/built in/, 1);
  expect(idOf(library)).not.toBe(first);
});

it('follows an editor that saves by renaming', async () => {
  const { watched, file, library, folder } = await watch();
  const ids = new Set([idOf(library)]);
  for (let save = 2; save < 6; save++) {
    writeFileSync(join(folder, '.game.vais.swp'), text(save));
    renameSync(join(folder, '.game.vais.swp'), file);
    await watched.until(/built in/, save - 1);
    ids.add(idOf(library));
  }
  expect(ids.size).toBe(5);
});

it('ends with the last of several saves within moments', async () => {
  const { watched, file, library, folder } = await watch();
  const output = join(folder, 'wanted.so');
  const wanted = await compiled({ file, text: text(100), kind: 'image', output });
  writeFileSync(file, text(2));
  writeFileSync(file, text(3));
  setTimeout(() => writeFileSync(file, text(100)), 5);
  for (let count = 1; idOf(library) !== wanted.contract.buildId; count++) await watched.until(/built in/, count);
});

it('says nothing of half a file that is whole a moment later', async () => {
  const { watched, file } = await watch('--debounce', '200');
  writeFileSync(file, '#[hot]\nF step() -> i64 {');
  setTimeout(() => appendFileSync(file, ' 5 }\n'), 20);
  await watched.until(/built in/, 1);
  expect(watched.text).not.toContain('error');
});

it('shows the faults of a source that stays faulty, and goes on', async () => {
  const { watched, file } = await watch();
  writeFileSync(file, text('nothing'));
  await watched.until(/there is no `nothing` here/);
  writeFileSync(file, text(7));
  await watched.until(/mended: .*built in/);
});

it('follows a file that is deleted and written anew', async () => {
  const { watched, file, library } = await watch();
  const first = idOf(library);
  rmSync(file);
  setTimeout(() => writeFileSync(file, text(9)), 10);
  await watched.until(/built in/, 1);
  expect(idOf(library)).not.toBe(first);
});

it('builds when an import is saved, also one that was added later', async () => {
  const { watched, file, folder } = await watch();
  writeFileSync(join(folder, 'helper.vais'), 'F help() -> i64 = 1\n');
  writeFileSync(file, `U helper\n${text('help()')}`);
  await watched.until(/built in/, 1);
  writeFileSync(join(folder, 'helper.vais'), 'F help() -> i64 = 2\n');
  await watched.until(/built in/, 2);
});

it('builds when an import comes that was missing: one that was never there, and one that went', async () => {
  const { watched, file, folder } = await watch();
  writeFileSync(file, `U lib/helper\n${text('help()')}`);
  await watched.until(/there is no module `lib\/helper`/);
  mkdirSync(join(folder, 'lib'));
  writeFileSync(join(folder, 'lib', 'helper.vais'), 'F help() -> i64 = 1\n');
  await watched.until(/built in/, 1);
  rmSync(join(folder, 'lib'), { recursive: true });
  await watched.until(/there is no module `lib\/helper`/, 1);
  mkdirSync(join(folder, 'lib'));
  writeFileSync(join(folder, 'lib', 'helper.vais'), 'F help() -> i64 = 2\n');
  await watched.until(/built in/, 2);
});

it('does nothing when a save changed nothing', async () => {
  const { watched, file } = await watch();
  writeFileSync(file, text(1));
  writeFileSync(file, text(2));
  await watched.until(/built in/, 1);
  expect(watched.text.split('built in')).toHaveLength(3);
});

it('--exec runs a command after each build, anew while it still runs, with its arguments', async () => {
  const { watched, file, folder } = await watch(
    '--exec',
    '/bin/sh',
    '--',
    '-c',
    'echo started >> "$0"; exec sleep 60',
    join(work, 'starts'),
  );
  writeFileSync(file, text(2));
  await watched.until(/built in/, 1);
  await watched.close();
  const starts = readFileSync(join(work, 'starts'), 'utf8');
  expect(starts.length).toBeGreaterThanOrEqual('started\n'.length);
  expect(folder).toContain('watch-');
});

it('--exec says of a command that is not there only that, and goes on', async () => {
  const { watched, file } = await watch('--exec', './nothing-here');
  await watched.until(/cannot be run/);
  writeFileSync(file, text(2));
  await watched.until(/built in/, 1);
  expect(watched.text).not.toContain('ended with');
});
