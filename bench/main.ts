/** `npm run bench [-- --json]`: the one edge of `bench/`. Everything is measured on this machine, in this run. */
import { cpus } from 'node:os';
import { type Row, rowJson, rowTable } from './report.ts';
import { saveToSwapped } from './save-to-swapped.ts';

const json = process.argv.includes('--json');
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

const rows: Row[] = [];
const tell = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
const add = (row: Row): void => {
  rows.push(row);
  if (json) process.stdout.write(`${rowJson(row)}\n`);
};

tell(`node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}`);
await saveToSwapped(add, tell, interrupted.signal);
if (!json) process.stdout.write(`${rowTable(rows)}\n`);
