/** The runtime's object files, compiled once for each compiler and set of flags, whoever asks. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
export const runtimeFolder = join(root, 'runtime');

const cache = join(root, 'node_modules', '.cache', 'vais-runtime');

/** Named by what they are made of, so that a changed source, flag or compiler makes others. */
export async function runtimeObjects(compiler: string, flags: readonly string[]): Promise<string[]> {
  const files = readdirSync(runtimeFolder).sort();
  const own = flags.filter((flag) => !flag.startsWith('-DHOT_BUILD='));
  const hash = createHash('sha256').update([compiler, ...own, process.arch].join('\n'));
  if (compiler !== 'tcc') hash.update((await run(compiler, ['--version'])).stdout);
  for (const file of files) hash.update(file).update(readFileSync(join(runtimeFolder, file)));
  const folder = join(cache, hash.digest('hex').slice(0, 16));
  const sources = files.filter((file) => file.endsWith('.c'));
  if (!existsSync(folder)) await build(compiler, own, sources, folder);
  return sources.map((source) => join(folder, `${source}.o`));
}

async function build(
  compiler: string,
  flags: readonly string[],
  sources: readonly string[],
  folder: string,
): Promise<void> {
  const aside = `${folder}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  mkdirSync(aside, { recursive: true });
  const waiting = [...sources];
  const work = async (): Promise<void> => {
    for (let source = waiting.pop(); source !== undefined; source = waiting.pop())
      await run(compiler, [...flags, '-c', join(runtimeFolder, source), '-o', join(aside, `${source}.o`)]);
  };
  try {
    await Promise.all([work(), work()]);
    renameSync(aside, folder);
  } catch (thrown) {
    rmSync(aside, { recursive: true, force: true });
    if (!existsSync(folder)) throw thrown; // Else another test was faster.
  }
}
