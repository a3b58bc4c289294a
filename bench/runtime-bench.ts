import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../common/package-root.ts';
import { nativeBench } from './native-bench.ts';
import { type Row, rowOf } from './report.ts';
import { fewCalls, type Image, readImage, Session } from './runtime-session.ts';

/**
 * What the runtime costs the program that it is in. A C program measures itself; this side builds it and its images
 * and plays the agent's part of the link.
 */
export async function runtimeBench(
  add: (row: Row) => void,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vrb-'));
  try {
    const program = await buildProgram(folder);
    await calls(folder, program, add);
    if (!signal.aborted) await nativeBench(folder, add);
    if (!signal.aborted) await pauses(folder, program, add, tell, signal);
    if (!signal.aborted) await crashes(folder, program, add, signal);
    if (!signal.aborted) await memory(folder, program, add, tell, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const run = promisify(execFile);
const runtimeFolder = join(packageRoot, 'runtime');

async function buildProgram(folder: string): Promise<string> {
  const names = (await readdir(runtimeFolder)).filter((name) => name.endsWith('.c'));
  const sources = [join(packageRoot, 'bench', 'runtime-bench.c'), ...names.map((name) => join(runtimeFolder, name))];
  const path = join(folder, 'bench');
  await run('gcc', ['-O2', '-I', runtimeFolder, ...sources, '-o', path, '-lpthread', '-ldl', '-lm']);
  return path;
}

async function buildImage(folder: string, build: string, defines: readonly string[] = []): Promise<Image> {
  const path = join(folder, `image-${build}.so`);
  const source = join(packageRoot, 'bench', 'runtime-image.c');
  const flags = ['-O2', '-shared', '-fPIC', `-DBUILD=${build}`, ...defines];
  await run('gcc', [...flags, '-I', runtimeFolder, source, '-o', path]);
  return readImage(path);
}

/** `hot_check()` with nothing new, and a hot call, plain and guarded, beside a direct one. */
async function calls(folder: string, program: string, add: (row: Row) => void): Promise<void> {
  const session = await Session.start(folder, program, fewCalls);
  const measure = async (letter: string, name: string): Promise<number[]> => {
    session.letters(letter);
    return (await session.output(name)).split(' ').slice(2).map(Number);
  };
  const empty = rowOf('empty_loop', 'ns', await measure('e', 'empty_loop'), '');
  add(rowOf('idle_check', 'ns', await measure('i', 'idle_check'), 'goal <= 1; floor: the empty loop', empty.p50));
  const direct = rowOf('direct_call', 'ns', await measure('d', 'direct_call'), 'a call that cannot be inlined');
  add(direct);
  add(rowOf('hot_call', 'ns', await measure('h', 'hot_call'), 'goal <= direct + 1', direct.p50));
  const byAddress = await measure('a', 'address_call');
  const wrapped = rowOf(
    'wrapped_call',
    'ns',
    await measure('w', 'wrapped_call'),
    'a direct call in a function by address',
  );
  add(wrapped);
  add(rowOf('hot_call_by_address', 'ns', byAddress, 'goal <= wrapped + 1: the thunk is not inlined', wrapped.p50));
  const nonce = session.load(2, await buildImage(folder, '2000'));
  await session.line('loaded', nonce);
  session.letters('.');
  await session.line('swapped', nonce);
  for (const [letter, note] of [
    ['', 'in probation: undo of 8 bytes'],
    ['1', 'undo of 1 KiB'],
    ['6', 'undo of 64 KiB'],
  ] as const) {
    session.letters(letter);
    add(rowOf('undoable_call', 'ns', await measure('u', 'undoable_call'), note, direct.p50));
  }
  session.letters('..');
  await session.line('confirmed', nonce);
  session.letters('.');
  const guarded = await measure('g', 'guarded_call');
  add(rowOf('guarded_call', 'ns', guarded, 'after probation, without undo; goal <= direct + 3', direct.p50));
  const guardedByAddress = await measure('b', 'guarded_by_address');
  add(rowOf('guarded_by_address', 'ns', guardedByAddress, 'the same where the thunk is not inlined', wrapped.p50));
  await session.end();
}

/** How long the program's own thread stands still, by the size of the library. */
async function pauses(
  folder: string,
  program: string,
  add: (row: Row) => void,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const sizes: [string, number, number][] = [
    ['15KB', 0, 500],
    ['2MB', 2 << 20, 200],
    ['20MB', 20 << 20, 60],
  ];
  for (const [name, padding, count] of sizes) {
    const defines = padding === 0 ? [] : [`-DPADDING=${padding}`];
    const images = [
      await buildImage(folder, `3${name.length}00`, defines),
      await buildImage(folder, `3${name.length}01`, defines),
    ];
    const session = await Session.start(folder, program, fewCalls);
    const pause: number[] = [];
    const load: number[] = [];
    for (let i = 0; i < count && !signal.aborted; i++) {
      const image = images[i % 2];
      if (image === undefined) continue;
      const nonce = session.load(i + 2, image);
      load.push(Number((await session.line('loaded', nonce))['us']) / 1000);
      session.letters('.');
      pause.push(Number((await session.line('swapped', nonce))['ns']) / 1000);
      session.letters('..');
      await session.line('confirmed', nonce);
    }
    await session.end();
    add(rowOf(`safe_point_pause_${name}`, 'us', pause, 'goal p99 <= 5, any size'));
    add(rowOf(`load_${name}`, 'ms', load, 'copy, hash, open, bind; in the background thread'));
    tell(`swaps of ${name}: ${pause.length}`);
  }
}

/** A crash in new code until the old code has run the same call. */
async function crashes(folder: string, program: string, add: (row: Row) => void, signal: AbortSignal): Promise<void> {
  const image = await buildImage(folder, '4000', ['-DFAIL=1']);
  const session = await Session.start(folder, program, fewCalls);
  const times: number[] = [];
  const count = 1000;
  for (let i = 0; i < count && !signal.aborted; i++) {
    const nonce = session.load(i + 2, image);
    await session.line('loaded', nonce);
    session.letters('c');
    times.push(Number((await session.output('recovered')).split(' ')[2]) / 1e6);
    await session.line('reverted', nonce);
  }
  await session.end();
  add(rowOf('crash_recovery', 'ms', times, `goal <= 1; ${times.length} of ${count} survived`));
}

/** Memory that each reload keeps. */
async function memory(
  folder: string,
  program: string,
  add: (row: Row) => void,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const images = [await buildImage(folder, '5000'), await buildImage(folder, '5001')];
  const session = await Session.start(folder, program, fewCalls);
  const warm = 500;
  const count = 10_000;
  let before = Number.NaN;
  for (let i = 0; i < warm + count && !signal.aborted; i++) {
    const image = images[i % 2];
    if (image !== undefined) await session.push(i + 2, image);
    if (i === warm) before = await session.residentKiB();
  }
  const kept = (await session.residentKiB()) - before;
  await session.end();
  tell(`after ${count} reloads: ${kept} KiB more`);
  add(rowOf('reload_memory', 'KiB', [kept / count], `goal 0; ${kept} KiB in all after ${count} reloads`));
}
