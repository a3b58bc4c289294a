import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hostTriple } from '../artifact/image/triple.ts';
import { VaisError } from '../common/error.ts';
import { packageRoot } from '../common/package-root.ts';
import { generate } from '../compiler/back/c/generate.ts';
import { type Toolchain, toolchainFor } from '../compiler/back/c/tool/find.ts';
import { type CompileOptions, compile } from '../compiler/compile.ts';
import { analyse } from '../compiler/front/front.ts';
import { kernels, moduleOfLines } from './compile-sources.ts';
import { type Row, rowOf } from './report.ts';

const run = promisify(execFile);

/** How fast sources become C and libraries, and how fast what comes out runs beside C written by hand. */
export async function compileBench(
  add: (row: Row) => void,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vcb-'));
  try {
    for (const lines of [100, 1000, 10_000]) if (!signal.aborted) add(await toC(lines));
    tell('source to library, with each compiler');
    for (const lines of [100, 1000]) if (!signal.aborted) await toLibrary(lines, folder, add, signal);
    tell('the speed of what comes out, beside C written by hand');
    for (const kernel of kernels) if (!signal.aborted) await speed(kernel, folder, add);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Source to C, warm: as in a watch session after the first saves. */
async function toC(lines: number): Promise<Row> {
  const text = moduleOfLines(lines);
  const toolchain = (await toolchainFor(hostTriple(), ['tcc', 'gcc', 'clang'])) ?? missing('C compiler');
  const samples: number[] = [];
  const rounds = lines > 5000 ? 20 : 100;
  for (let round = -rounds / 2; round < rounds; round++) {
    const started = performance.now();
    const front = analyse('bench.vais', { text });
    if (!front.ok) throw new VaisError('internal', 'the benchmark does not compile');
    generate(front.program, how(toolchain));
    if (round >= 0) samples.push(performance.now() - started);
  }
  return rowOf(
    `compile_${lines < 1000 ? lines : `${lines / 1000}k`}`,
    'ms',
    samples,
    `${lines} lines of Vais to C, warm`,
  );
}

function how(toolchain: Toolchain): Parameters<typeof generate>[1] {
  const tier = toolchain.name === 'tcc' ? 'fast' : 'optimized';
  return { kind: 'image', triple: hostTriple(), tier, toolchain, opt: 2, debug: false, release: false };
}

/** Source to library; the floor is the C compiler alone with the same C. */
async function toLibrary(lines: number, folder: string, add: (row: Row) => void, signal: AbortSignal): Promise<void> {
  for (const name of ['tcc', 'gcc', 'clang'] as const) {
    const toolchain = await toolchainFor(hostTriple(), [name]);
    if (toolchain === undefined || signal.aborted) continue;
    const output = join(folder, `libbench-${name}.so`);
    const samples: number[] = [];
    const floor: number[] = [];
    const tier = name === 'tcc' ? 'fast' : 'optimized';
    for (let round = 0; round < (name === 'tcc' ? 50 : 8); round++) {
      // Each save differs from the one before.
      const text = moduleOfLines(lines).replace('* 3 + i', `* ${round + 3} + i`);
      const file = join(folder, 'bench.vais');
      const options: CompileOptions = { file, text, kind: 'image', tier, compiler: name, opt: 2, output };
      const result = await timed(samples, () => compile(options));
      if (!result.ok) throw new VaisError('internal', 'the benchmark does not compile');
      const front = analyse(file, { text });
      if (!front.ok) continue;
      const c = join(folder, 'bench.c');
      await writeFile(c, generate(front.program, how(toolchain)).c);
      const flags = name === 'tcc' ? ['-nostdlib'] : ['-O2', '-fPIC'];
      const include = join(packageRoot, 'runtime');
      await timed(floor, () =>
        run(toolchain.command, [...flags, '-w', '-shared', '-I', include, c, '-o', join(folder, 'floor.so')]),
      );
    }
    const alone = [...floor].sort((a, b) => a - b)[floor.length >> 1];
    add(rowOf(`library_${lines}_${name}`, 'ms', samples, `${lines} lines to a library; floor: ${name} alone`, alone));
  }
}

async function timed<T>(samples: number[], work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const done = await work();
  samples.push(performance.now() - started);
  return done;
}

/** The processor time of a kernel, by turns with that of the same kernel in C through the same gcc at -O2. */
async function speed(kernel: (typeof kernels)[number], folder: string, add: (row: Row) => void): Promise<void> {
  const file = join(folder, `${kernel.name}.vais`);
  const byHand = join(folder, `${kernel.name}-c`);
  await writeFile(`${byHand}.c`, kernel.c);
  const gcc = (await toolchainFor(hostTriple(), ['gcc', 'clang'])) ?? missing('gcc');
  await run(gcc.command, ['-O2', `${byHand}.c`, '-o', byHand]);
  const programs = [
    { name: 'checked', release: false },
    { name: 'release', release: true },
  ].map((form) => ({
    ...form,
    path: join(folder, `${kernel.name}-${form.name}`),
    samples: [] as number[],
  }));
  for (const { release, path } of programs) {
    const built = await compile({
      file,
      text: kernel.vais,
      kind: 'program',
      opt: 2,
      release,
      output: path,
      compiler: gcc.name,
    });
    if (!built.ok) throw new VaisError('internal', `the kernel ${kernel.name} does not compile`);
  }
  const floor: number[] = [];
  const wanted = await measure(byHand, floor);
  for (let round = 0; round < 9; round++) {
    await measure(byHand, floor);
    for (const { path, samples } of programs) {
      const result = await measure(path, samples);
      if (result !== wanted) throw new VaisError('internal', `${kernel.name} gave ${result} where C gave ${wanted}`);
    }
  }
  // The fastest run is the one that the rest of the machine disturbed least.
  const fastest = Math.min(...floor);
  for (const { name, samples } of programs) {
    const note = `${kernel.name}, fastest ${Math.min(...samples).toFixed(1)} ms; floor: the fastest of C by hand`;
    add(rowOf(`speed_${kernel.name}_${name}`, 'ms', samples, note, fastest));
  }
}

/** Runs a kernel; its result, and its processor time in ms to the samples. */
async function measure(path: string, samples: number[]): Promise<string> {
  const [result = '', time = ''] = (await run(path)).stdout.split('\n');
  samples.push(Number(time) / 1000);
  return result;
}

function missing(what: string): never {
  throw new VaisError('toolchain_missing', `no ${what} was found`);
}
