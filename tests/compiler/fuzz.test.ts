import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { analyse } from '../../compiler/front.ts';
import { generate } from '../../compiler/generate.ts';
import { seeds } from './support/seeds.ts';

// Any bytes in: no crash, no hang, and never C that a C compiler refuses. VAIS_FUZZ_RUNS=100000 for a long run.
const runs = Number(process.env['VAIS_FUZZ_RUNS'] ?? 1500);
/** Milliseconds that no source of this size may take. */
const patience = 2000;
const texts = seeds().map((seed) => seed.text);
const words = texts.flatMap((text) => text.match(/[A-Za-z_]\w*|\d+|"[^"\n]*"|[^\sA-Za-z_0-9"]{1,3}|\n/g) ?? []);

interface Edit {
  readonly at: number;
  readonly length: number;
  readonly kind: 'delete' | 'insert' | 'replace' | 'copy' | 'byte';
  readonly word: number;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(1_000_000),
  length: fc.nat(40),
  kind: fc.constantFrom('delete', 'insert', 'replace', 'copy', 'byte'),
  word: fc.nat(1_000_000),
});

/** Edits on tokens rather than characters: most results still parse some way in. */
function mutate(text: string, edits: readonly Edit[]): string {
  const parts = text.match(/[A-Za-z_]\w*|\d+|"[^"\n]*"|\s+|[^\sA-Za-z_0-9"]/g) ?? [];
  for (const { at, length, kind, word } of edits) {
    const start = at % (parts.length + 1);
    const fresh = words[word % words.length] ?? '';
    if (kind === 'delete') parts.splice(start, 1 + (length % 4));
    else if (kind === 'insert') parts.splice(start, 0, ` ${fresh} `);
    else if (kind === 'replace') parts.splice(start, 1, fresh);
    else if (kind === 'copy')
      parts.splice(start, 0, ...parts.slice(word % parts.length, (word % parts.length) + length));
    else parts.splice(start, 0, String.fromCharCode(word % 256));
  }
  return parts.join('');
}

let accepted = 0;

function survive(text: string): void {
  const started = performance.now();
  const front = analyse('fuzz.vais', { text, read: (path) => (path.includes('/std/') ? std(path) : undefined) });
  if (front.ok) {
    const { root, functions, main, wide } = front.program;
    const hot = functions.some((func) => func.hot && func.module === root);
    const kinds = [...(main === undefined ? [] : (['program'] as const)), ...(hot ? (['image'] as const) : [])];
    for (const kind of kinds) {
      for (const [release, debug] of [
        [false, false],
        [kind === 'program', true],
      ] as const) {
        const name = wide || accepted % 8 === 0 ? 'gcc' : 'tcc';
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
        refuse(name, c, text);
        accepted++;
      }
    }
  }
  expect(performance.now() - started).toBeLessThan(patience);
}

const library = new Map(seeds().map((seed) => [seed.name, seed.text]));
const std = (path: string): string | undefined => library.get(path.split('/').at(-1) ?? '');

/** Fails when the C compiler does not take the C. */
function refuse(command: string, c: string, text: string): void {
  const args = command === 'tcc' ? ['-c', '-', '-o', '/dev/null'] : ['-std=gnu11', '-fsyntax-only', '-xc', '-'];
  const { status, stderr } = spawnSync(command, ['-w', '-I', `${packageRoot}/runtime`, ...args], { input: c });
  if (status !== 0) throw new Error(`${command} refused:\n${stderr.toString().slice(0, 800)}\nof:\n${text}`);
}

describe('the front end', () => {
  it('survives mutated sources', { timeout: 3_600_000 }, () => {
    const source = fc.tuple(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 6 }));
    fc.assert(
      fc.property(source, ([text, edits]) => survive(mutate(text, edits))),
      { numRuns: runs, interruptAfterTimeLimit: 3_000_000 },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  it('survives words in any order', { timeout: 3_600_000 }, () => {
    const soup = fc
      .array(fc.nat(words.length - 1), { maxLength: 200 })
      .map((list) => list.map((at) => words[at]).join(' '));
    fc.assert(fc.property(soup, survive), { numRuns: Math.ceil(runs / 3) });
  });

  it('survives any bytes', { timeout: 3_600_000 }, () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map((list) => Buffer.from(list).toString('utf8'));
    fc.assert(fc.property(bytes, survive), { numRuns: Math.ceil(runs / 3) });
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
