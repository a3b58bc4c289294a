import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { itWhere } from '../scenario/needs.ts';
import {
  hostFor,
  hosts,
  hostsHere,
  inTurn,
  long,
  runAsImage,
  runAsProgram,
  someWays,
  type Way,
  ways,
  wide,
} from './everywhere.ts';
import { randomProgram } from './random/program.ts';
import { compiled, missingCompilers, workFolder } from './support/work.ts';

// What a program means is Vais's to say, not C's: it writes the same through every compiler at every level, built as a
// program or as an image, and that is what the language says it writes.
const folder = join(packageRoot, 'tests/compiler/corpus');
const work = workFolder();
const files = readdirSync(folder).filter((name) => name.endsWith('.vais') && name !== 'traps.vais');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

/** The host says which version runs: not the first one, which is in the program itself. */
const swapped = /^version (?!1\n)\d+\n/;

/** What stands at a file's end behind `#>`. */
function expectedOf(text: string): string {
  return [...text.matchAll(/^#> ?(.*)\n/gm)].map(([, line]) => `${line}\n`).join('');
}

/** As they are, but without the line of the host. */
const bare = <T extends { output: string }>(ended: T): T => ({
  ...ended,
  output: ended.output.replace(/^version \d+\n/, ''),
});

describe.each(files.map((name, turn) => ({ name, turn })))('$name', ({ name, turn }) => {
  const text = read(name);
  const good = { code: 0, signal: null, output: expectedOf(text) };
  const some = someWays(turn).filter((way) => !wide.test(text) || way.compiler !== 'tcc');
  const wanted = (list: readonly Way[]): unknown => list.map((way) => ({ way: way.name, ...good }));

  it('writes the same as a program', async () => {
    const ended = await inTurn(some, async (way) => ({ way: way.name, ended: await runAsProgram(text, way, work) }));
    expect(ended.flatMap((one) => one.ended.map((own) => ({ way: one.way, ...bare(own) })))).toEqual(wanted(some));
  });

  it('writes the same in a release', async () => {
    const release = long ? some.filter((way) => way.compiler !== 'tcc') : some.slice(-1);
    const ended = await inTurn(release, (way) => runAsProgram(text, way, work, { release: true }));
    expect(ended.flatMap((list, index) => list.map((one) => ({ way: release[index]?.name, ...bare(one) })))).toEqual(
      wanted(release),
    );
  });

  // Where the program itself calls hot functions, what built it and what built the image must agree on each call; tcc
  // does not agree with the others on structs that are half floats, so a build leaves it out there.
  const halves = name === 'hot-halves.vais';
  const all = halves ? [hosts.gcc, hosts.clang] : [hosts.tcc, hosts.gcc, hosts.clang];
  const builders = hostsHere(text.includes('hot_init') ? all : [hostFor(text)]);
  it.each(builders)('writes the same as an image, in a program by $compiler', async (host) => {
    const fits = some.filter((way) => !halves || way.compiler !== 'tcc');
    const one = turn % 2 < fits.length ? turn % 2 : 0;
    const images = long || builders.length > 1 ? fits : fits.slice(one, one + 1);
    const ended = await runAsImage(text, images, work, host);
    expect(ended.map((one) => swapped.test(one.output))).toEqual(images.map(() => true));
    expect(ended.map((one, index) => ({ way: images[index]?.name, ...bare(one) }))).toEqual(wanted(images));
  });
});

// Each number is an argument of corpus/traps.vais, each of a different way to do what has no result.
const traps: Readonly<Record<string, readonly number[]>> = {
  SIGFPE: [1, 2, 3, 4, 5],
  SIGSEGV: [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 50],
  SIGILL: [30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45],
  SIGABRT: [51],
};
/** What these write before they stop: an address of a function is needed only when its arguments are there. */
const later: Readonly<Record<number, string>> = { 16: 'argument comes after the callee\n', 23: 'value\n' };

itWhere('is not built by tcc where tcc would pass arguments its own way', missingCompilers.tcc, async () => {
  const build = (name: string): ReturnType<typeof compiled> =>
    compiled({ file: 'game.vais', text: read(name), kind: 'image', tier: 'fast', output: join(work, 'libgame.so') });
  expect(await build('hot-calls.vais')).toMatchObject({ tier: 'fast', toolchain: expect.stringMatching(/^tcc /) });
  expect(await build('hot-halves.vais')).toMatchObject({ tier: 'fast', toolchain: expect.stringMatching(/^gcc /) });
});

describe('division by zero, null pointers and indices outside', () => {
  const cases = Object.entries(traps).flatMap(([signal, list]) => list.map((number) => ({ signal, number })));
  it.each(long ? ways : ways.filter((way) => way.opt % 2 === 0))(
    'stop by a signal, in their place: $name',
    async (way) => {
      const args = cases.map(({ number }) => [`${number}`]);
      const ended = await runAsProgram(read('traps.vais'), way, work, { args });
      expect(ended.map((one, index) => ({ number: cases[index]?.number, ...one }))).toEqual(
        cases.map(({ signal, number }) => ({ number, code: null, signal, output: `before\n${later[number] ?? ''}` })),
      );
    },
  );
});

describe('random programs', () => {
  it('write what the oracle says, through every compiler', async () => {
    let turn = 0;
    const property = fc.asyncProperty(randomProgram, async (program) => {
      fc.pre(program !== undefined);
      const { source, output, trapped } = program;
      const list = someWays(turn++);
      const ended = await inTurn(list, (way) => runAsProgram(source, way, work));
      for (const [index, [one]] of ended.entries()) {
        const found = { way: list[index]?.name, output: one?.output, trapped: one?.signal !== null, code: one?.code };
        expect(found).toEqual({ way: list[index]?.name, output, trapped, code: trapped ? null : 0 });
      }
      if (trapped) return;
      const image = await runAsImage(source, long ? list : list.slice(0, 1), work);
      expect(image.map((one) => bare(one).output)).toEqual(image.map(() => output));
    });
    await fc.assert(property, { numRuns: Number(process.env['VAIS_RUNS'] ?? (long ? 1500 : 8)), endOnFailure: !long });
  }, 3_600_000);
});
