/** The audit log: what it holds, and that nothing can be changed in it unseen. */
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { audit } from '../../agent/commands.ts';
import { DataFolder } from '../../agent/store/data-folder.ts';
import { StorageFaults } from '../../agent/store/faults.ts';
import { AuditLog, readAudit } from '../../agent/trust/audit.ts';
import { refused } from './harness.ts';

let folder = '';
let path = '';
let data: DataFolder;
let warnings: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'va-'));
  path = join(folder, 'audit.log');
  warnings = [];
  data = await DataFolder.open(folder, (message) => warnings.push(message));
});
afterEach(async () => {
  data.close();
  await rm(folder, { recursive: true, force: true });
});

const open = () => AuditLog.open(data, new StorageFaults((message) => warnings.push(message)));

async function filled(count = 20): Promise<string[]> {
  const log = await open();
  await Promise.all(
    Array.from({ length: count }, (_, index) => log.append('renewed', { developer: `d${index}`, until: 'x' })),
  );
  await log.close();
  return (await readFile(path, 'utf8')).trim().split('\n');
}

describe('the audit log', () => {
  it('goes on where it ended, entry by entry', async () => {
    await filled();
    await filled();
    const entries: { n: number; developer: string }[] = [];
    const verdict = await readAudit(path, (line) => entries.push(JSON.parse(line)));
    expect(verdict).toMatchObject({ kind: 'whole', entries: 40 });
    expect(entries.map(({ n }) => n)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(warnings).toEqual([]);
  });

  it.each<[string, number, (lines: string[]) => string[]]>([
    ['a field is changed', 7, (lines) => lines.map((line, at) => (at === 6 ? line.replace('d6', 'd7') : line))],
    [
      'the last line is changed',
      20,
      (lines) => lines.map((line, at) => (at === 19 ? line.replace('d19', 'd1') : line)),
    ],
    ['a line is removed', 5, (lines) => lines.toSpliced(4, 1)],
    ['a line is inserted', 5, (lines) => lines.toSpliced(4, 0, lines[3] ?? '')],
    ['lines are swapped', 9, (lines) => lines.toSpliced(8, 2, lines[9] ?? '', lines[8] ?? '')],
    ['a line is rubbish', 3, (lines) => lines.with(2, 'rubbish')],
    ['the beginning is cut off', 1, (lines) => lines.slice(3)],
    ['space is added', 4, (lines) => lines.with(3, `${lines[3]} `)],
  ])('names the line when %s', async (_what, line, change) => {
    const lines = await filled();
    await writeFile(path, `${change(lines).join('\n')}\n`);
    expect(await readAudit(path, () => undefined)).toMatchObject({ kind: 'broken', line });
    await expect(audit(folder, true, () => undefined)).rejects.toEqual(refused('audit_broken', `at line ${line}:`));
    // The agent keeps it, says so, and begins a new one.
    const log = await open();
    await log.close();
    expect(warnings.join()).toMatch(/broken at line .* set aside/);
    expect(await readAudit(path, () => undefined)).toMatchObject({ kind: 'whole', entries: 1 });
  });

  it('takes an unfinished last line off after a power cut, and says so', async () => {
    const lines = await filled();
    await truncate(path, (await readFile(path)).length - 10);
    expect(await readAudit(path, () => undefined)).toMatchObject({ kind: 'cut', entries: 19 });
    const said: string[] = [];
    await audit(folder, true, (_json, text) => said.push(text));
    expect(said.join()).toContain('19 entries');
    expect(said.join()).toContain('unfinished');
    const log = await open();
    await log.append('started', {});
    await log.close();
    const after = (await readFile(path, 'utf8')).trim().split('\n');
    expect(after.slice(0, 19)).toEqual(lines.slice(0, 19));
    expect(after.slice(19).map((line) => JSON.parse(line).event)).toEqual(['recovered', 'started']);
    expect(await readAudit(path, () => undefined)).toMatchObject({ kind: 'whole', entries: 21 });
  });

  it('takes nothing more once it could not write', async () => {
    const log = await open();
    await log.close();
    await expect(log.append('started', {})).rejects.toEqual(refused('storage'));
    await appendFile(path, 'x'.repeat(100_000));
    expect(await readAudit(path, () => undefined)).toMatchObject({ kind: 'broken', line: 1 });
  });
});
