import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compiled, runProgram, workFolder } from './support/work.ts';

const work = workFolder();
const hasGdb = spawnSync('gdb', ['--version']).status === 0;

it.runIf(hasGdb)(
  'with -g a debugger stops at a line of the source, shows its variables and how it came there',
  async () => {
    const file = join(work, 'lines.vais');
    writeFileSync(
      file,
      `F help(x: i64) -> i64 {
    y := x * 2
    y + 1
}
#[hot]
F step(n: i64) -> i64 {
    help(n)
}
F main() -> i64 = step(21)
`,
    );
    const output = join(work, 'lines');
    await compiled({ file, kind: 'program', debug: true, output });
    const commands = ['break lines.vais:3', 'run', 'print y', 'backtrace'].flatMap((command) => ['-ex', command]);
    const shown = (await runProgram('gdb', ['-batch', ...commands, output])).output;
    expect(shown).toMatch(/hit Breakpoint 1(?:\.\d)?, help \(x=21\) at .*lines\.vais:3/);
    expect(shown).toContain('$1 = 42');
    expect(shown).toMatch(/v1_step \(n=21\) at .*lines\.vais:7/);
    expect(shown).toMatch(/main_ \(\) at .*lines\.vais:9/);
  },
);
