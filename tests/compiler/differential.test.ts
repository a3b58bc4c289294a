import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { inTurn, long, runAsImage, runAsProgram, someWays, ways } from './everywhere.ts';
import { randomProgram } from './random/program.ts';
import { workFolder } from './support/work.ts';

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

describe.each(files.map((name, turn) => ({ name, turn })))('$name', ({ name, turn }) => {
  const text = read(name);
  const fits = (way: (typeof ways)[number]): boolean => !/\b[iu]128\b/.test(text) || way.compiler !== 'tcc';
  const good = { code: 0, signal: null, output: expectedOf(text) };
  const some = someWays(turn).filter(fits);

  it('writes the same as a program', async () => {
    const ended = await inTurn(some, async (way) => ({ way: way.name, ended: await runAsProgram(text, way, work) }));
    expect(ended).toEqual(some.map((way) => ({ way: way.name, ended: [good] })));
  });

  it('writes the same in a release', async () => {
    const release = some.filter((way) => way.compiler !== 'tcc' && (long || way.opt > 1));
    const ended = await inTurn(release, (way) => runAsProgram(text, way, work, { release: true }));
    expect(ended).toEqual(release.map(() => [good]));
  });

  it('writes the same as an image', async () => {
    const ended = await runAsImage(text, some, work);
    expect(ended.map((one) => swapped.test(one.output))).toEqual(some.map(() => true));
    const own = ended.map((one) => ({ ...one, output: one.output.replace(swapped, '') }));
    expect(own.map((one, index) => ({ way: some[index]?.name, ...one }))).toEqual(
      some.map((way) => ({ way: way.name, ...good })),
    );
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
      expect(image.map((one) => one.output.replace(swapped, ''))).toEqual(image.map(() => output));
    });
    await fc.assert(property, { numRuns: Number(process.env['RUNS'] ?? 12), endOnFailure: !long });
  }, 3_600_000);
});
