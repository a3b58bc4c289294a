/** Runs one source through every C compiler at every level, as program and as image, and says what came of it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compiled, type Ended, missingCompilers, runProgram, type Way, ways } from './support/work.ts';

export { type Way, ways };

/** Long runs take every way and many more programs. */
export const long = process.env['VAIS_LONG'] === '1';

/** Every way in a long run; else tcc, and gcc and clang each at one level, which `turn` chooses. */
export function someWays(turn: number): readonly Way[] {
  if (long) return ways;
  const level = turn % 4;
  return ways.filter((way) => way.compiler === 'tcc' || way.opt === (way.compiler === 'gcc' ? level : 3 - level));
}

let count = 0;

/** As many at a time as this machine has to give. */
export async function inTurn<T, R>(list: readonly T[], run: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const rest = [...list.entries()];
  const worker = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) results[next[0]] = await run(next[1]);
  };
  await Promise.all([worker(), worker()]);
  return results;
}

/** Builds the source as a program and runs it, once for each list of arguments. */
export async function runAsProgram(
  text: string,
  way: Way,
  folder: string,
  options: { release?: boolean; args?: readonly (readonly string[])[] } = {},
): Promise<Ended[]> {
  const output = join(folder, `program${++count}`);
  const { compiler, tier, opt } = way;
  const release = options.release ?? false;
  await compiled({ file: join(folder, 'game.vais'), text, kind: 'program', output, compiler, tier, opt, release });
  return inTurn(options.args ?? [[]], (args) => runProgram(output, args));
}

/** What tcc does not have. */
export const wide = /\b[iu]128\b/;

/** How programs are built that images are loaded into. */
export const hosts = {
  tcc: { compiler: 'tcc', tier: 'fast', opt: 0 },
  gcc: { compiler: 'gcc', tier: 'optimized', opt: 2 },
  clang: { compiler: 'clang', tier: 'optimized', opt: 2 },
} as const;

export type Host = (typeof hosts)[keyof typeof hosts];

/** The quickest host that there is for what needs no other. */
const quickest = missingCompilers.tcc === undefined ? hosts.tcc : hosts.gcc;

/** The host for a source that needs none in particular. */
export const hostFor = (text: string): Host => (wide.test(text) ? hosts.gcc : quickest);

/** The hosts that can be built here: in CI all of them. */
export const hostsHere = (list: readonly Host[]): readonly Host[] =>
  process.env['CI'] === 'true' ? list : list.filter(({ compiler }) => missingCompilers[compiler] === undefined);

const hostMain = `
F main() -> i64 {
    hot_init("./game.vais")
    hot_reload()
    printf("version %d\\n", hot_version())
    program_main()
}
`;

/** The source with its `main` made hot, and a `main` that loads the image and calls it there. */
function hosted(text: string): string {
  return text.includes('hot_init') ? text : `${text.replace(/^F main\(\)/m, '#[hot]\nF program_main()')}${hostMain}`;
}

/** Builds the program once, then the source as an image in each of these ways; runs the image in the program. */
export async function runAsImage(
  text: string,
  list: readonly Way[],
  folder: string,
  host: Host = hostFor(text),
): Promise<Ended[]> {
  const source = hosted(text);
  const own = join(folder, `image${++count}`);
  const program = join(own, 'program');
  const file = join(own, 'game.vais');
  await compiled({ file, text: source, kind: 'program', output: program, ...host });
  await writeFile(file, source);
  const ended: Ended[] = [];
  for (const { compiler, tier, opt } of list) {
    await compiled({ file, text: source, kind: 'image', output: join(own, 'libgame.so'), compiler, tier, opt });
    ended.push(await runProgram(program, [], own));
  }
  return ended;
}
