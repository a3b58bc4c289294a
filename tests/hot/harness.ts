import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, onTestFinished } from 'vitest';
import { HotReloadConfig, HotReloader } from '../../hot/index.ts';

/** Short, so that a source that stays wrong is reported soon. */
const debounceMs = 30;

const open: HotReloader[] = [];

/** This file's own, so that tests can tell what is left in it. */
const temporary = mkdtempSync(join(tmpdir(), 'vais-test-hot-'));
process.env['TMPDIR'] = temporary;
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

afterEach(async () => {
  await Promise.all(open.splice(0).map((reloader) => reloader.close()));
});

/** A folder of the test's own. */
export function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'source-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A source in a folder of its own. */
export function makeSource(text: string, name = 'game.vais'): string {
  const file = join(makeFolder(), name);
  writeFileSync(file, text);
  return file;
}

export function configure(file: string): HotReloadConfig {
  return new HotReloadConfig(file).withDebounce(debounceMs);
}

/** A reloader that is closed when the test is over. */
export function makeReloader(config: HotReloadConfig): HotReloader {
  const reloader = new HotReloader(config);
  open.push(reloader);
  return reloader;
}

export async function startReloader(config: HotReloadConfig): Promise<HotReloader> {
  const reloader = makeReloader(config);
  await reloader.start();
  return reloader;
}

/** What `check()` gives when it first gives something, called as a program calls it: once each turn. */
export async function news(reloader: HotReloader): Promise<number> {
  for (;;) {
    const status = reloader.check();
    if (status !== 0) return status;
    await setImmediate();
  }
}
