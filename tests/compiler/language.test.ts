import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { compiled, runProgram, workFolder } from './support/work.ts';

// Each example of docs/language.md compiles; one with `main` runs and prints this.
const printed = [
  'x=200 score=500\n',
  '228 after 4 calls\n',
  '18.0 2.5 9\n',
  '7 7 -1\n111 3628800 42\n',
  '81 9\n',
  '30\n',
];
const text = readFileSync(join(packageRoot, 'docs/language.md'), 'utf8');
const examples = [...text.matchAll(/```vais\n([\s\S]*?)```/g)].map((found) => found[1] ?? '');
const work = workFolder();

describe('docs/language.md', () => {
  it('has as many examples as are known here', () => expect(examples).toHaveLength(printed.length));

  it.each(examples.map((example, index) => ({ example, index })))(
    'example $index means what it says',
    async ({ example, index }) => {
      const output = join(work, `example${index}`);
      const built = await compiled({ file: 'step.vais', text: example, kind: 'program', output });
      expect(built.diagnostics).toEqual([]);
      expect(await runProgram(output, [], work)).toEqual({ code: 0, signal: null, output: printed[index] });
    },
  );
});
