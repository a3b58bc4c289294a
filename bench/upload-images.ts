import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../common/package-root.ts';
import { compileUnits, libraries } from './delta.ts';

const run = promisify(execFile);
const source = join(packageRoot, 'examples', 'c', 'game.c');
const runtime = join(packageRoot, 'runtime');

/** The C example as a program, and as a library to push. */
export async function buildGame(
  folder: string,
  signal: AbortSignal,
): Promise<{ readonly program: string; readonly image: string }> {
  const program = join(folder, 'game');
  const all = (await readdir(runtime)).filter((name) => name.endsWith('.c')).map((name) => join(runtime, name));
  const flags = ['-O2', `-I${runtime}`, `-DHOT_BUILD=${await buildId('program')}`];
  await run('gcc', [...flags, source, ...all, '-o', program, '-lpthread', '-ldl', '-lm'], { signal });
  return { program, image: await image(folder, 'game', [], signal) };
}

/** The same with much other code in it, each twice: as it was, and with one function changed. */
export async function buildImages(
  folder: string,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<{ readonly name: string; readonly first: string; readonly second: string }[]> {
  const built = [];
  for (const { size: name, opt, plan } of libraries) {
    tell(`upload: building a library of ${name}`);
    const place = join(folder, name);
    await mkdir(place);
    const { old, next } = await compileUnits(place, opt, plan, signal);
    const first = await image(place, 'first', old, signal);
    built.push({ name, first, second: await image(place, 'second', next, signal) });
  }
  return built;
}

async function image(folder: string, name: string, objects: readonly string[], signal: AbortSignal): Promise<string> {
  const output = join(folder, `lib${name}.so`);
  const flags = ['-O2', `-I${runtime}`, '-DHOT_IMAGE', `-DHOT_BUILD=${await buildId(name)}`, '-shared', '-fPIC'];
  await run('gcc', [...flags, source, ...objects, '-o', output, '-lm'], { cwd: folder, signal });
  return output;
}

async function buildId(name: string): Promise<string> {
  return createHash('sha256')
    .update(name)
    .update(await readFile(source))
    .digest('hex')
    .slice(0, 32);
}
