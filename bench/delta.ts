import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompressSync, constants } from 'node:zlib';
import { applyDelta, encodeDelta } from '../artifact/delta/delta.ts';
import { sealEnvelope } from '../artifact/delta/envelope.ts';
import { readLayout } from '../artifact/delta/layout.ts';
import { findCopies } from '../artifact/delta/match.ts';
import { predict } from '../artifact/delta/predict.ts';
import { writeScript } from '../artifact/delta/script.ts';
import { withFolder } from '../cli/show/context.ts';
import { digestOf } from '../common/digest.ts';
import { editedUnit, type LibraryPlan, unitSource } from './delta-source.ts';
import { type Row, rowOf } from './report.ts';

const run = promisify(execFile);
const times = 7;

/** Libraries by gcc, of nothing but code and its data; the numbers make 0.3 MB and 10 MB. What has no size in its name is for the latter. */
export const libraries = [
  { name: '_0.3mb', size: '0.3mb', opt: '-O2', plan: { units: 8, functions: 45 } },
  { name: '', size: '10mb', opt: '-O1', plan: { units: 66, functions: 200 } },
] as const;

/**
 * What travels after a change of one function that moves all behind it: our delta beside brotli of the whole, the same matching
 * without moving references (bsdiff's idea), and zstd with the old file as prefix where it is installed; all in one run.
 */
export async function deltaBytes(
  add: (row: Row) => void,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await withFolder(async (folder) => {
    for (const { name, opt, plan } of libraries) {
      tell(`delta_bytes${name}: building a library with gcc ${opt}, ${plan.units} files`);
      const place = join(folder, `library${name}`);
      await mkdir(place);
      const paths = await build(place, opt, plan, signal);
      await measure(name, paths, add);
    }
  });
}

interface Paths {
  readonly old: string;
  readonly next: string;
}

/** Compiles the units of a library. Returns the objects of the old one and of the new one. */
export async function compileUnits(
  folder: string,
  opt: string,
  plan: LibraryPlan,
  signal: AbortSignal,
): Promise<{ readonly old: readonly string[]; readonly next: readonly string[] }> {
  const edited = editedUnit(plan);
  const queue = Array.from({ length: plan.units }, (_, unit) => ({
    name: `unit${unit}`,
    text: unitSource(plan, unit),
  }));
  queue.push({ name: 'edited', text: unitSource(plan, edited, true) });
  const objects = queue.slice(0, -1).map(({ name }) => `${name}.o`);
  const compile = async (): Promise<void> => {
    for (let job = queue.pop(); job !== undefined; job = queue.pop()) {
      await writeFile(join(folder, `${job.name}.c`), job.text);
      await run('gcc', [opt, '-fPIC', '-w', '-c', `${job.name}.c`, '-o', `${job.name}.o`], { cwd: folder, signal });
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, compile));
  return { old: objects, next: objects.with(edited, 'edited.o') };
}

async function build(folder: string, opt: string, plan: LibraryPlan, signal: AbortSignal): Promise<Paths> {
  const { old, next } = await compileUnits(folder, opt, plan, signal);
  await run('gcc', ['-shared', '-o', 'old.so', ...old], { cwd: folder, signal });
  await run('gcc', ['-shared', '-o', 'new.so', ...next], { cwd: folder, signal });
  return { old: join(folder, 'old.so'), next: join(folder, 'new.so') };
}

async function measure(name: string, paths: Paths, add: (row: Row) => void): Promise<void> {
  const [old, next] = [new Uint8Array(await readFile(paths.old)), new Uint8Array(await readFile(paths.next))];
  const limits = { maxBytes: next.byteLength };
  const delta = encodeDelta(old, next);
  if (delta === undefined) throw new Error('the delta saves nothing');
  const zstd = await measureZstd(paths);
  const plain = plainDelta(old, next)?.byteLength;
  const whole = brotliCompressSync(next, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 24 },
  }).byteLength;

  const share = (bytes: number): number => (100 * bytes) / next.byteLength;
  const peer = zstd?.bytes ?? plain;
  const addBytes = (what: string, bytes: number | undefined, note: string, floor?: number): void => {
    if (bytes === undefined) return;
    const row = rowOf(
      `delta_bytes${name}${what}`,
      '%',
      [share(bytes)],
      `${bytes} of ${next.byteLength} bytes, ${note}`,
      floor,
    );
    add(row);
  };
  const best = zstd === undefined ? 'matching without references' : 'zstd';
  addBytes('', delta.byteLength, `our delta; beside it the best peer, ${best}`, peer && share(peer));
  addBytes('/zstd', zstd?.bytes, 'zstd -19 --patch-from');
  addBytes('/plain', plain, 'the same matching, references not moved');
  addBytes('/brotli', whole, 'the whole, brotli 9');

  const encoded = sample(() => encodeDelta(old, next));
  add(rowOf(`delta_encode${name}`, 'ms', encoded, 'the delta; beside it zstd -19 --patch-from', zstd?.ms));
  const applied = sample(() => applyDelta(old, delta, limits));
  const [digest] = sample(() => digestOf(old) + digestOf(next)).sort((a, b) => a - b);
  add(rowOf(`delta_apply${name}`, 'ms', applied, 'old and delta to new; beside it the two digests alone', digest));
}

/** The delta without what is ours: no reference is known, so what moved differs. */
function plainDelta(old: Uint8Array, next: Uint8Array): Uint8Array | undefined {
  const nothing = readLayout(new Uint8Array());
  const hints = { spans: [], fixes: [] };
  const copies = findCopies(old, next);
  const guess = new Uint8Array(next.byteLength);
  predict(old, nothing, copies, hints, guess);
  return sealEnvelope(old, next, writeScript(copies, hints, guess, next, undefined));
}

async function measureZstd({ old, next }: Paths): Promise<{ bytes: number; ms: number } | undefined> {
  try {
    await run('zstd', ['--version']);
  } catch {
    return undefined; // Not installed: it is a peer, no need.
  }
  const begun = performance.now();
  await run('zstd', ['-q', '-f', '-19', '--long=27', `--patch-from=${old}`, next, '-o', `${next}.zst`]);
  const ms = performance.now() - begun;
  return { bytes: (await stat(`${next}.zst`)).size, ms };
}

function sample(once: () => unknown): number[] {
  once();
  return Array.from({ length: times }, () => {
    const begun = performance.now();
    once();
    return performance.now() - begun;
  });
}
