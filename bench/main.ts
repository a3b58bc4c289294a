/**
 * `npm run bench [-- NAME…] [-- --json]`: the one edge of `bench/`. Everything is measured on this machine, in this run.
 * A name runs that benchmark alone: `save_to_swapped`, `compile`, `contract`, `runtime`, `delta`, `statics`, `trust`, `upload`.
 */
import { cpus } from 'node:os';
import { compileBench } from './compile-bench.ts';
import { contractBench } from './contract.ts';
import { deltaBytes } from './delta.ts';
import { type Row, rowJson, rowTable } from './report.ts';
import { runtimeBench } from './runtime-bench.ts';
import { saveToSwapped } from './save-to-swapped.ts';
import { staticsBench } from './statics.ts';
import { trustBench } from './trust.ts';
import { uploadBench } from './upload.ts';

type Benchmark = (add: (row: Row) => void, tell: (text: string) => void, signal: AbortSignal) => Promise<void>;

const benchmarks: Readonly<Record<string, Benchmark>> = {
  save_to_swapped: (add, tell, signal) => saveToSwapped(process.env, add, tell, signal),
  compile: compileBench,
  contract: contractBench,
  runtime: runtimeBench,
  delta: deltaBytes,
  statics: (add, tell, signal) => staticsBench(add, tell, signal, process.env),
  trust: (add, tell, signal) => trustBench(process.env, add, tell, signal),
  upload: (add, tell, signal) => uploadBench(process.env, add, tell, signal),
};

const args = process.argv.slice(2);
const json = args.includes('--json');
const names = args.filter((arg) => arg !== '--json');
const wanted = names.length === 0 ? Object.keys(benchmarks) : names;

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
for (const name of wanted) {
  const benchmark = benchmarks[name];
  if (benchmark === undefined) {
    tell(`There is no benchmark ${name}; there are ${Object.keys(benchmarks).join(', ')}.`);
    process.exit(2);
  }
  tell(`== ${name}`);
  await benchmark(add, tell, interrupted.signal);
  if (interrupted.signal.aborted) process.exit(130);
}
if (!json) process.stdout.write(`${rowTable(rows)}\n`);
