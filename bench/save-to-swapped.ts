import { writeFileSync } from 'node:fs';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { hostTriple } from '../artifact/image/triple.ts';
import { Child } from '../cli/demo/child.ts';
import { withFolder } from '../cli/show/context.ts';
import { packageRoot } from '../common/package-root.ts';
import { compile } from '../compiler/compile.ts';
import { type Floor, FloorMeter } from './floor.ts';
import { gameSource } from './game-source.ts';
import { type Row, rowOf } from './report.ts';

const saves = 120;
/** The first saves warm the compilers' files, the code and the check process up, and are not counted. */
const warmUp = 10;
const main = join(packageRoot, 'dist', 'cli', 'main.js');

/** The stages that a save goes through, each with the event that ends it. */
const stages = [
  ['compile', 'compiled'],
  ['send', 'received'],
  ['verify', 'verified'],
  ['stage', 'staged'],
  ['check', 'checked'],
  ['deliver', 'delivered'],
  ['load', 'loaded'],
  ['swap', 'swapped'],
] as const;

const halves = [
  ['front', 'Vais to C'],
  ['back', 'C to the library: the compiler, started and done'],
] as const;

/** A line of `watch --json`, as far as it is needed here. */
interface Line {
  readonly event: string;
  readonly ms?: number;
  readonly message?: string;
  readonly toolchain?: string;
  readonly frontMs?: number;
  readonly backMs?: number;
}

/**
 * From a save to the new code running on the target: a real `watch`, a real agent and a real program, each a process of
 * its own, over loopback. The clock starts before the file is written and stops when `watch` has said `swapped`.
 */
export async function saveToSwapped(
  env: Environment,
  add: (row: Row) => void,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await withFolder(async (folder) => {
    for (const variant of await variants(folder, env['PATH'] ?? '')) {
      tell(`${variant.name}: ${saves} saves, ${variant.note}`);
      await measure(variant, join(folder, variant.name), env, add, signal);
    }
  });
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Variant {
  readonly name: string;
  readonly compiler: 'tcc' | 'gcc';
  /** The PATH for `watch`: with tcc, or with everything but tcc. */
  readonly path: string;
  readonly note: string;
}

async function variants(folder: string, path: string): Promise<Variant[]> {
  const without = join(folder, 'without-tcc');
  await mkdir(without);
  let hasTcc = false;
  for (const bin of path.split(delimiter).filter(Boolean)) {
    for (const name of await readdir(bin).catch(() => [])) {
      if (/tcc$/.test(name)) hasTcc ||= name === 'tcc';
      else await symlink(join(bin, name), join(without, name)).catch(() => undefined); // The first in PATH wins.
    }
  }
  const gcc: Variant = {
    name: 'save_to_swapped_gcc',
    compiler: 'gcc',
    path: without,
    note: 'where tcc is not installed',
  };
  const tcc: Variant = { name: 'save_to_swapped', compiler: 'tcc', path, note: 'with tcc' };
  return hasTcc ? [tcc, gcc] : [gcc];
}

async function measure(
  variant: Variant,
  folder: string,
  env: Environment,
  add: (row: Row) => void,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(folder);
  const children: Child[] = [];
  const start = (name: string, command: string, args: readonly string[], more: Environment): Child => {
    const child = new Child(name, command, args, { cwd: folder, env: { ...env, ...more } });
    children.push(child);
    return child;
  };
  try {
    const file = join(folder, 'game.vais');
    await writeFile(file, gameSource(0));
    const program = join(folder, 'game');
    const built = await compile({ file, kind: 'program', triple: hostTriple(), output: program, signal });
    if (!built.ok) throw new Error(`the benchmark's source does not compile: ${built.diagnostics[0]?.message}`);
    const agentArgs = [
      main,
      'agent',
      '--listen',
      '127.0.0.1:0',
      '--data',
      join(folder, 'data'),
      '--insecure',
      '--json',
    ];
    const agent = start('agent', process.execPath, agentArgs, { XDG_RUNTIME_DIR: folder });
    const ready = JSON.parse(await agent.line(0, signal)) as { address: string; link: string };
    const game = start('program', program, [], { VAIS_HOT_LINK: ready.link, VAIS_HOT_NAME: 'game' });
    await agentHas(agent, signal);
    const watchArgs = [main, 'watch', file, '--to', ready.address, '--json', '--tier', 'fast'];
    const watch = new Lines(
      start('watch', process.execPath, watchArgs, { PATH: variant.path, XDG_CACHE_HOME: folder }),
      signal,
    );
    await watch.until('watching');
    await game.line(0, signal);
    const floor = await FloorMeter.make(variant.compiler, file, ready.address, join(folder, 'floor'));
    const samples = await saveAgainAndAgain(file, watch, floor);
    floor.close();
    report(variant, samples, floor.rows(warmUp), add);
  } finally {
    await Promise.all(children.map((child) => child.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

const pace = (): number => 150 + Math.random() * 50;

interface Sample {
  /** From before the save until `watch` had said `swapped`, in milliseconds. */
  readonly total: number;
  /** What `watch` said of each stage: milliseconds since it saw the save. */
  readonly at: ReadonlyMap<string, number>;
  readonly toolchain: string;
}

async function saveAgainAndAgain(file: string, watch: Lines, floor: FloorMeter): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let save = 1; save <= warmUp + saves; save += 1) {
    const text = gameSource(save);
    // Nobody saves while the burst of the save before still lasts. This is the pace of the work, no wait for anything.
    await pause(pace());
    await floor.sample();
    await pause(pace());
    const begun = performance.now();
    writeFileSync(file, text);
    const at = new Map<string, number>();
    let total = 0;
    let toolchain = '';
    for (let event = ''; event !== 'done'; ) {
      const line = await watch.next();
      if (line.event === 'swapped') total = performance.now() - begun;
      if (line.event === 'error') throw new Error(`save ${save}: ${line.message}`);
      if (line.ms !== undefined) at.set(line.event, line.ms);
      if (line.frontMs !== undefined) at.set('front', line.frontMs);
      if (line.backMs !== undefined) at.set('back', line.backMs);
      toolchain = line.toolchain ?? toolchain;
      event = line.event;
    }
    if (save > warmUp) samples.push({ total, at, toolchain });
  }
  return samples;
}

function report({ name, note }: Variant, samples: readonly Sample[], floor: Floor, add: (row: Row) => void): void {
  const sum = floor.compile.p50 + floor.rpc.p50 + floor.dlopen.p50;
  const totals = samples.map(({ total }) => total);
  const toolchain = samples[0]?.toolchain ?? '';
  add(
    rowOf(name, 'ms', totals, `save to swapped, loopback, ${note} (${toolchain}); the program loops every 1 ms`, sum),
  );
  const saw = samples.map(({ total, at }) => Math.max(0, total - (at.get('swapped') ?? total)));
  add(rowOf(`${name}/notice`, 'ms', saw, 'write, file event, and the way of `swapped` to whoever reads the output'));
  let before: string | undefined;
  for (const [stage, end] of stages) {
    const taken = samples.map(({ at }) =>
      Math.max(0, (at.get(end) ?? 0) - (before === undefined ? 0 : (at.get(before) ?? 0))),
    );
    const least = { compile: floor.compile.p50, send: floor.rpc.p50 / 2, load: floor.dlopen.p50 }[stage as string];
    add(rowOf(`${name}/${stage}`, 'ms', taken, '', least));
    if (stage === 'compile')
      for (const [half, note] of halves)
        add(
          rowOf(
            `${name}/compile/${half}`,
            'ms',
            samples.map(({ at }) => at.get(half) ?? 0),
            note,
          ),
        );
    before = end;
  }
  for (const row of [floor.compile, floor.rpc, floor.dlopen]) add({ ...row, name: `${name}/floor/${row.name}` });
}

/** The lines of `watch --json`, one after the other. */
class Lines {
  readonly #child: Child;
  readonly #signal: AbortSignal;
  #index = 0;

  constructor(child: Child, signal: AbortSignal) {
    this.#child = child;
    this.#signal = signal;
  }

  async next(): Promise<Line> {
    return JSON.parse(await this.#child.line(this.#index++, this.#signal)) as Line;
  }

  async until(event: string): Promise<void> {
    for (let line = await this.next(); line.event !== event; ) line = await this.next();
  }
}

/** Waits until the agent says that the program is connected. */
async function agentHas(agent: Child, signal: AbortSignal): Promise<void> {
  for (let index = 1; ; index += 1) {
    const { event } = JSON.parse(await agent.line(index, signal)) as Line;
    if (event === 'linked') return;
  }
}
