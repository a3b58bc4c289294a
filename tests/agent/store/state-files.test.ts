/**
 * Each kind of file in a data folder, damaged: the agent starts and says what it set aside, or it says exactly what is
 * wrong and does not. It never believes what is damaged, and nothing is lost. VAIS_LONG=1 does much more of it.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAgent } from '../../../agent/agent.ts';
import type { Notice } from '../../../agent/say/notice.ts';
import { DataFolder } from '../../../agent/store/data-folder.ts';
import { StorageFaults } from '../../../agent/store/faults.ts';
import { HistoryStore } from '../../../agent/store/history-store.ts';
import { VaisError } from '../../../common/error.ts';
import { seal, unseal } from '../../../common/sealed.ts';
import { Fort } from '../../trust/harness.ts';
import { Stock } from '../harness.ts';
import { variantOf } from '../variants.ts';

const stock = new Stock();
const fort = new Fort();
const times = process.env['VAIS_LONG'] === '1' ? 40 : 2;
/** A data folder with all that there can be in one: developers, versions, an audit log. */
const whole = join(fort.folder, 'whole');
let files: string[] = [];
let history = '';

beforeAll(async () => {
  await stock.build();
  const agent = await fort.agent();
  const ann = await fort.developer(agent);
  await fort.program(stock.program, agent);
  for (const n of [1, 2])
    expect(await ann.push(variantOf(await stock.image('a1'), n, fort.folder))).toMatchObject({ kind: 'ack' });
  await agent.close();
  cpSync(agent.data, whole, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  mkdirSync(join(whole, 'run'));
  writeFileSync(join(whole, 'run', `${'0'.repeat(16)}.pid`), '{"pid":1,"startTime":"1"}');
  files = all(whole).filter((path) => !path.endsWith('.lock') && !path.includes('uploads'));
  history = await readHistory(whole);
});
afterAll(async () => {
  await fort.close();
  stock.close();
});

function all(folder: string, base = folder): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? all(path, base) : [relative(base, path)];
  });
}

async function readHistory(folder: string): Promise<string> {
  const data = await DataFolder.open(folder, () => undefined);
  try {
    const latest = await (await HistoryStore.open(data, new StorageFaults(() => undefined))).latest('game', 'game');
    return JSON.stringify(latest?.entries.map(({ version, outcome, digest }) => [version, outcome, digest]) ?? 'none');
  } finally {
    data.close();
  }
}

let count = 0;
/** Starts an agent on a copy of the folder in which one file was changed. */
async function startWith(change: (folder: string) => void) {
  count += 1;
  const folder = join(fort.folder, `c${count}`);
  cpSync(whole, folder, { recursive: true });
  change(folder);
  const said: Notice[] = [];
  const options = {
    listen: '127.0.0.1:0',
    data: folder,
    run: [],
    insecure: false,
    maxImageBytes: 1e7,
    environment: {},
  };
  try {
    const defaultLink = join(fort.folder, 'default', 'link.sock');
    const agent = await startAgent({ ...options, defaultLink }, (notice) => said.push(notice));
    await agent.close();
    const seen = await readHistory(folder);
    return {
      said,
      seen,
      broken: existsSync(join(folder, 'quarantine')) ? readdirSync(join(folder, 'quarantine')) : [],
    };
  } catch (thrown) {
    return { error: thrown };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ways to damage a file; the number says where. */
const damages: Readonly<Record<string, (bytes: Buffer, n: number) => Buffer>> = {
  'cut off': (bytes, n) => bytes.subarray(0, Math.floor((bytes.length * (n + 0.5)) / times)),
  'with a flipped bit': (bytes, n) => {
    if (bytes.length === 0) return bytes;
    const at = Math.floor((bytes.length * (n + 0.37)) / times);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (n % 8)), at);
    return bytes;
  },
  'with other bytes': (bytes, n) => Buffer.from(bytes.map((_, at) => (at * 31 + n * 17) & 0xff)),
  'with nothing in it': (_bytes, n) => Buffer.alloc(n * 100),
};

describe('a damaged data folder', () => {
  it('is whole to begin with, and has all kinds of files', async () => {
    const { error, said, seen, broken } = await startWith(() => undefined);
    expect(error).toBeUndefined();
    expect(said?.filter(({ event }) => event === 'warning')).toEqual([]);
    expect(seen).toBe(history);
    expect(broken).toEqual([]);
    for (const kind of [
      'images/',
      'history/',
      '.ahead',
      'acts.json',
      'developers.json',
      'identity/',
      'audit.log',
      'run/',
    ])
      expect(files).toContainEqual(expect.stringContaining(kind));
    expect(files).toContain('format.json');
  });

  it.each(Object.keys(damages))(
    '%s: it is set aside and said, or it is said why there is no start',
    { timeout: 300_000 },
    async (kind) => {
      const results: string[] = [];
      for (const file of files)
        for (let n = 0; n < times; n += 1) {
          const { error, said, seen, broken } = await startWith((folder) => {
            const path = join(folder, file);
            writeFileSync(path, damages[kind]?.(readFileSync(path), n) ?? '', { mode: 0o600 });
          });
          const what = `${file} ${kind} (${n})`;
          if (error !== undefined) {
            expect(error, what).toBeInstanceOf(VaisError);
            const { code, message, hint } = error as VaisError;
            expect(['damaged', 'identity_lost', 'wrong_format', 'key_exposed'], `${what}: ${message}`).toContain(code);
            expect(message, what).toContain(file);
            expect(hint, what).toMatch(/\w{4}/);
            results.push(`${file} ${code}`);
            continue;
          }
          // What is there of the history is what was there, or none; and then it was said.
          const warnings = said?.filter(({ event }) => event === 'warning') ?? [];
          if (seen !== history || (broken ?? []).length > 0) expect(JSON.stringify(warnings), what).toContain(file);
          if (file.endsWith('.json') && file.startsWith('history')) expect(broken, what).not.toEqual([]);
          results.push(`${file} started`);
        }
      // Whom to trust is never guessed.
      for (const file of ['acts.json', 'developers.json']) expect(results).not.toContain(`${file} started`);
      for (const file of ['audit.log', 'format.json', ...files.filter((name) => /^(images|history)/.test(name))])
        expect(results).toContain(`${file} started`);
    },
  );

  it('of a newer format is left alone', async () => {
    const newer = await startWith((folder) => writeFileSync(join(folder, 'format.json'), seal({ format: 3 })));
    expect(newer.error).toMatchObject({ code: 'wrong_format', message: expect.stringMatching(/format 3, .* up to 2/) });
    const file = files.find((name) => /^history\/\w+\.json$/.test(name)) ?? '';
    const one = await startWith((folder) => writeFileSync(join(folder, file), seal({ format: 7 })));
    expect(one.error).toMatchObject({ code: 'wrong_format', message: expect.stringContaining(file) }); // Of the look at it; the agent started.
    const acts = await startWith((folder) =>
      writeFileSync(join(folder, 'acts.json'), seal({ format: 3 }), { mode: 0o600 }),
    );
    expect(acts.error).toMatchObject({ code: 'wrong_format', message: expect.stringContaining('acts.json') });
  });

  it('of the older format is taken over', async () => {
    const { error, seen, said } = await startWith((folder) => {
      rmSync(join(folder, 'format.json'));
      for (const file of files.filter((name) => /json$|ahead$/.test(name) && name !== 'format.json')) {
        const path = join(folder, file);
        const value = unseal(file, readFileSync(path, 'utf8'), 2);
        writeFileSync(path, JSON.stringify({ ...value, format: 1 }), { mode: 0o600 });
      }
    });
    expect(error).toBeUndefined();
    expect(seen).toBe(history);
    expect(said?.filter(({ event }) => event === 'warning')).toEqual([]);
  });
});
