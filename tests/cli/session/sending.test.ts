import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Effort } from '../../../artifact/transfer/effort.ts';
import { inMemory } from '../../../artifact/transfer/local-image.ts';
import { TransferPlans } from '../../../artifact/transfer/transfer-plan.ts';
import { ImageCache } from '../../../cli/session/image-cache.ts';
import { Sending } from '../../../cli/session/sending.ts';
import { HumanOutput } from '../../../cli/show/output.ts';
import { styleOf } from '../../../cli/show/style.ts';
import { digestOf } from '../../../common/digest.ts';

const about = { push: 1, program: 'game', module: 'game' };

afterEach(() => {
  vi.useRealTimers();
});

describe('what is said of an upload', () => {
  const sending = {
    event: 'sending',
    ...about,
    bytes: 64e6,
    of: 256e6,
    had: 0,
    sent: 30e6,
    bytesPerSecond: 32e6,
    ms: 900,
  };
  const written = (isTTY: boolean): { readonly out: string; readonly output: HumanOutput } => {
    const said = { out: '' };
    const stream = new Writable({
      write: (text, _encoding, done) => {
        said.out += String(text);
        done();
      },
    });
    const style = styleOf({ isTTY, columns: 100 }, { NO_COLOR: '1', LANG: 'C.UTF-8' });
    const output = new HumanOutput(stream, stream, style, { compact: false, errStyle: style });
    return Object.assign(said, { output });
  };

  it('on a terminal is a bar with share, bytes and rate, which is overwritten', () => {
    const said = written(true);
    said.output.show(sending as never);
    expect(said.out).toContain('━━━━━━··················');
    expect(said.out).toContain('25 %  64.0 MB of 256.0 MB, 32.0 MB/s');
    said.output.show({ event: 'connected', address: 'box' });
    expect(said.out).toContain('\r\x1b[K');
  });

  it('elsewhere is nothing until it is done, and then how it travelled', () => {
    const said = written(false);
    said.output.show(sending as never);
    expect(said.out).toBe('');
    said.output.show({ event: 'sent', ...about, way: 'delta', sent: 777, of: 10e6, had: 0, ms: 5 });
    said.output.show({ event: 'done', ...about, version: 2, unchanged: false, ms: 9 });
    expect(said.out).toContain('sent 777 B for 10.0 MB: what differs from the version before');
  });

  it('comes after half a second, and not too often', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const reports: unknown[] = [];
    const told = new Sending(
      about,
      1_000_000,
      () => 0,
      (report) => reports.push(report),
    );
    for (let bytes = 0; bytes <= 1_000_000; bytes += 10_000) {
      told.progress({ bytes, had: 0, of: 1_000_000, sent: bytes });
      vi.advanceTimersByTime(10);
    }
    told.done({ way: 'chunks', bytes: 900_000, had: 0 });
    expect(reports).toHaveLength(4);
    expect(reports[0]).toMatchObject({ event: 'sending', bytes: 500_000, bytesPerSecond: 1_000_000 });
    expect(reports.at(-1)).toMatchObject({ event: 'sent', sent: 900_000, of: 1_000_000 });
  });
});

describe('the effort', () => {
  /** Sends for so many seconds over a line of so many bytes a second. Returns the effort at the end. */
  function settlesOn(near: boolean, rate: number, made: { ms: number; left: number }, seconds = 5): string {
    vi.useFakeTimers({ toFake: ['performance'] });
    const effort = new Effort(near);
    for (let passed = 0; passed < seconds * 1_000; ) {
      effort.made(made.ms, 524_288, Math.round(524_288 * made.left));
      const sent = 524_288 * made.left;
      const ms = Math.max(made.ms, (sent / rate) * 1_000);
      effort.waited(Math.max(0, ms - made.ms));
      vi.advanceTimersByTime(ms);
      passed += ms;
      effort.taken(sent);
    }
    vi.useRealTimers();
    return effort.now;
  }

  it('is as hard as the line is slow', () => {
    expect(settlesOn(true, 1e9, { ms: 0.2, left: 1 })).toBe('none');
    expect(settlesOn(false, 40e6, { ms: 1, left: 0.43 })).toBe('quick');
    expect(settlesOn(false, 2e6, { ms: 8, left: 0.33 })).toBe('small');
    expect(settlesOn(true, 5e6, { ms: 3, left: 0.43 })).toBe('small');
  });

  it('is none for what does not shrink', () => {
    expect(settlesOn(false, 40e6, { ms: 3, left: 1 })).toBe('none');
  });

  it('is lower where the line waits for it', () => {
    expect(settlesOn(false, 1e9, { ms: 20, left: 0.43 })).toBe('none');
  });
});

describe('the images that are kept', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vais-cache-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are found by their digest, and at most 32', async () => {
    const cache = new ImageCache(join(folder, 'images'));
    const digests = [];
    for (let index = 0; index < 40; index += 1) {
      const bytes = randomBytes(100);
      const digest = digestOf(bytes);
      digests.push(digest);
      await cache.keep(digest, inMemory(bytes));
      const at = new Date(Date.now() - (40 - index) * 1_000);
      await utimes(join(folder, 'images', digest), at, at);
    }
    const kept = await readdir(join(folder, 'images'));
    expect(kept).toHaveLength(32);
    expect(await cache.find(digests.at(-1) ?? digestOf(''))).toBeDefined();
    expect(await cache.find(digests[0] ?? digestOf(''))).toBeUndefined();
  });

  it('take in a copy of a large file, under its digest', async () => {
    const path = join(folder, 'large.so');
    const bytes = randomBytes(3_000_000);
    await writeFile(path, bytes);
    const { digest, image } = await new ImageCache(join(folder, 'images')).copy(path);
    expect(digest).toBe(digestOf(bytes));
    expect(image).toMatchObject({ kind: 'file', size: 3_000_000 });
    expect(await readFile(join(folder, 'images', digest))).toEqual(bytes);
  });

  it('may not be kept: a push works without', async () => {
    await writeFile(join(folder, 'images'), 'in the way');
    const cache = new ImageCache(join(folder, 'images'));
    await cache.keep(digestOf('x'), inMemory(Buffer.from('x')));
    expect(await cache.find(digestOf('x'))).toBeUndefined();
    await expect(cache.copy(join(folder, 'images'))).rejects.toMatchObject({ code: 'storage' });
  });

  it('that are damaged are dropped, and the image travels whole', async () => {
    const cache = new ImageCache(join(folder, 'images'));
    await mkdir(join(folder, 'images'));
    const [old, next] = [randomBytes(40_000), randomBytes(40_000)];
    await writeFile(join(folder, 'images', digestOf(old)), next.subarray(1));
    const image = inMemory(next);
    const way = await new TransferPlans(cache).choose(image, digestOf(next), [digestOf(old)], false);
    expect(way.delta).toBeUndefined();
    expect(way.image).toEqual(next);
    expect(await readdir(join(folder, 'images'))).toEqual([]);
  });

  it('make a delta for an agent that is far, where one runs; a near one gets a small image whole', async () => {
    const cache = new ImageCache(join(folder, 'images'));
    const old = randomBytes(40_000);
    const next = Buffer.from(old);
    next.writeUInt32LE(7, 20_000);
    const before = digestOf(next);
    await cache.keep(digestOf(old), inMemory(old));
    const far = await new TransferPlans(cache).choose(inMemory(next), digestOf(next), [digestOf(old)], false);
    expect(far.delta?.length).toBeLessThan(300);
    expect(digestOf(next)).toBe(before);
    expect(new TransferPlans(cache).choose(inMemory(next), digestOf(next), [digestOf(old)], true)).toEqual({
      image: next,
    });
  });
});
