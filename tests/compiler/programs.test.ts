import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { arm64 } from '../platforms/arm64.ts';
import { itWhere } from '../scenario/needs.ts';
import { compiled, runProgram, ways, workFolder } from './support/work.ts';

// One program means the same through every C compiler at every level: each writes what stands beside it in `.out`.
const folder = join(packageRoot, 'tests/compiler/programs');
const work = workFolder();
const arm = arm64().missing;

describe.each(readdirSync(folder).filter((name) => name.endsWith('.vais')))('%s', (file) => {
  const expected = readFileSync(join(folder, file.replace('.vais', '.out')), 'utf8');
  const wide = existsSync(join(folder, file.replace('.vais', '.no-tcc')));
  itWhere('aarch64-linux-gnu, through qemu', arm, async () => {
    const output = join(work, `${file}-arm`);
    await compiled({ file: join(folder, file), kind: 'program', triple: 'aarch64-linux-gnu', output });
    const ended = await runProgram('qemu-aarch64-static', ['-L', '/usr/aarch64-linux-gnu', output]);
    expect(ended).toEqual({ code: 0, signal: null, output: expected });
  });
  it.each(ways.filter((way) => !wide || way.compiler !== 'tcc'))('$name', async (way) => {
    const output = join(work, `${file}-${way.compiler}-${way.opt}`);
    await compiled({ file: join(folder, file), kind: 'program', output, ...way });
    expect(await runProgram(output)).toEqual({ code: 0, signal: null, output: expected });
  });
});
