import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { generate } from '../../compiler/back/c/generate.ts';
import { type Diagnostic, renderDiagnostics } from '../../compiler/compile.ts';
import { analyse } from '../../compiler/front/front.ts';
import { edit, mutate, wordsOf } from './mutate.ts';
import { randomProgram } from './random/program.ts';
import { seeds } from './support/seeds.ts';
import { compiled, missingCompilers, ways, workFolder } from './support/work.ts';

// Any bytes in: no crash, no hang, the same messages each time and each in its place, and never C that a C compiler
// refuses. VAIS_LONG=1 for a long run of more than 100,000 sources.
const long = process.env['VAIS_LONG'] === '1';
const runs = Number(process.env['VAIS_RUNS'] ?? (long ? 80_000 : 1500));
/** Of this many good sources one goes through a C compiler. */
const sample = 4;
/** Milliseconds of the processor's time that no source of this size may take, however busy the machine is. */
const patience = 5000;
const texts = seeds().map((seed) => seed.text);
const words = wordsOf(texts);
const folder = workFolder();
/** What takes most of the C: gcc is slower. */
const quick = missingCompilers.tcc === undefined ? 'tcc' : 'gcc';

let survived = 0;
let accepted = 0;

function survive(text: string): void {
  const started = process.cpuUsage();
  const read = (path: string): string | undefined => (path.includes('/std/') ? std(path) : undefined);
  const front = analyse('fuzz.vais', { text, read });
  expect(front.ok).toBe(front.diagnostics.every((one) => one.severity !== 'error'));
  wellPlaced(front.diagnostics, text);
  if (survived++ % 8 === 0) expect(analyse('fuzz.vais', { text, read }).diagnostics).toEqual(front.diagnostics);
  if (front.ok) {
    const { root, functions, main, wide } = front.program;
    const hot = functions.some((func) => func.hot && func.module === root);
    const kinds = [...(main === undefined ? [] : (['program'] as const)), ...(hot ? (['image'] as const) : [])];
    for (const kind of kinds) {
      for (const [release, debug] of [
        [false, false],
        [kind === 'program', true],
      ] as const) {
        accepted++;
        const name = wide || accepted % (16 * sample) === 1 ? 'gcc' : quick;
        const toolchain = { name, command: name, version: '0', triples: ['x86_64-linux-gnu' as const] } as const;
        const tier = name === 'tcc' ? ('fast' as const) : ('optimized' as const);
        const { c } = generate(front.program, {
          kind,
          triple: 'x86_64-linux-gnu',
          tier,
          toolchain,
          opt: 0,
          debug,
          release,
        });
        if (accepted % sample === 1) refuse(name, c, text);
      }
    }
  }
  const { user, system } = process.cpuUsage(started);
  expect((user + system) / 1000).toBeLessThan(patience);
}

/** Messages are in the order of their places, which are inside the source, and speak in words. */
function wellPlaced(diagnostics: readonly Diagnostic[], text: string): void {
  const lines = text.split('\n');
  const own = diagnostics.filter(({ place }) => place.file === 'fuzz.vais');
  let before = 0;
  for (const { code, message, hint, place, length, sourceLine } of own) {
    const line = lines[place.line - 1] ?? '';
    expect(code).toMatch(/^[EW]\d{4}$/);
    expect(`${message} ${hint ?? ''}`).not.toMatch(/\bundefined\b|NaN|\[object|\p{Cc}/u);
    expect(place.line).toBeLessThanOrEqual(lines.length);
    expect(place.column).toBeGreaterThan(0);
    expect(place.column).toBeLessThanOrEqual(line.length + 1);
    expect(length).toBeGreaterThan(0);
    expect(sourceLine).toBe(line.replace(/\r$/, ''));
    const at = place.line * 1e6 + place.column;
    expect(at).toBeGreaterThanOrEqual(before);
    before = at;
  }
  renderDiagnostics(diagnostics);
}

const library = new Map(seeds().map((seed) => [seed.name, seed.text]));
const std = (path: string): string | undefined => library.get(path.split('/').at(-1) ?? '');

/** Fails when the C compiler does not take the C. */
function refuse(command: string, c: string, text: string): void {
  // Into a file of our own: tcc removes what is there before it writes, and root can remove /dev/null.
  const args =
    command === 'tcc' ? ['-c', '-', '-o', join(folder, 'refused.o')] : ['-std=gnu11', '-fsyntax-only', '-xc', '-'];
  const { status, stderr } = spawnSync(command, ['-w', '-I', `${packageRoot}/runtime`, ...args], { input: c });
  if (status !== 0) throw new Error(`${command} refused:\n${stderr.toString().slice(0, 800)}\nof:\n${text}`);
}

describe('the front end', () => {
  it('survives mutated sources', { timeout: 3_600_000 }, () => {
    const source = fc.tuple(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 6 }));
    fc.assert(
      fc.property(source, ([text, edits]) => survive(mutate(text, edits, words))),
      { numRuns: runs, interruptAfterTimeLimit: 3_000_000 },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  it('survives mutated random programs', { timeout: 3_600_000 }, () => {
    const source = fc.tuple(randomProgram, fc.array(edit, { minLength: 1, maxLength: 3 }));
    const property = fc.property(source, ([program, edits]) => survive(mutate(program?.source ?? '', edits, words)));
    fc.assert(property, { numRuns: Math.ceil(runs / 8) });
  });

  it('survives words in any order', { timeout: 3_600_000 }, () => {
    const soup = fc
      .array(fc.nat(words.length - 1), { maxLength: 200 })
      .map((list) => list.map((at) => words[at]).join(' '));
    fc.assert(fc.property(soup, survive), { numRuns: Math.ceil(runs / 3) });
  });

  it('survives a source that ends at any of its bytes', { timeout: 3_600_000 }, () => {
    const [first = '', ...rest] = seeds()
      .filter((seed) => /^(?:enums|generics|order|hot_reload_advanced)\.vais$/.test(seed.name))
      .map((seed) => seed.text);
    for (const text of long ? [first, ...rest] : [first]) {
      for (let end = 0; end <= text.length; end++) survive(text.slice(0, end));
    }
  });

  it('survives any bytes', { timeout: 3_600_000 }, () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map((list) => Buffer.from(list).toString('utf8'));
    fc.assert(fc.property(bytes, survive), { numRuns: Math.ceil(runs / 3) });
  });

  it('writes C that compilers take, at its limits', { timeout: 60_000 }, async () => {
    const list = (count: number, one: (index: number) => string, by = ', '): string =>
      Array.from({ length: count }, (_, index) => one(index)).join(by);
    const text = `F f(${list(127, (index) => `a${index}: i64`)}) -> i64 = ${list(127, (index) => `a${index}`, ' + ')}
F g(x: i64) -> i64 = x
F main() -> i64 {
    x := f(${list(127, (index) => `g(${index})`)})
    many := [${list(3000, String)}]
    inner := ${'('.repeat(140)}x${' + 1)'.repeat(140)}
    tail := ${'x + ('.repeat(45)}x${')'.repeat(45)}
    chain := ${list(480, () => 'x', ' + ')}
    choice := ${'x > 5 ? 1 : '.repeat(130)}2
    many[2999] + inner + tail + chain + choice
}`;
    const output = join(folder, 'limits');
    for (const compiler of new Set(ways.map((way) => way.compiler))) {
      await compiled({ file: 'limits.vais', text, kind: 'program', compiler, opt: 0, output });
    }
  });

  it.each([
    ['parentheses', '('],
    ['blocks', '{'],
    ['arrays', '['],
    ['signs', '-'],
    ['pointers', '*'],
    ['conditions', 'I true { '],
    ['closures', '|x: i64| '],
    ['matches', 'M 1 { _ => '],
    ['comparisons', 'a<'],
    ['sums', '1+'],
    ['types', 'x: *'],
    ['calls', 'f('],
    ['ranges', '0..'],
    ['else', 'I true { 1 } E '],
  ])('survives 20,000 %s inside each other', (_what, piece) => {
    survive(`F main() -> i64 { x := ${piece.repeat(20_000)}`);
    survive(`S A { x: ${piece.repeat(20_000)}`);
  });
});
