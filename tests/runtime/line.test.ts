/** The link's line parser, fuzzed from the corpus that is kept; a short run here, a long one by hand (see fuzz/line.c). */
import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { hasTool, makeFolder, removeFolder, runtimeFolder } from './harness.ts';

const run = promisify(execFile);
const folder = makeFolder();
const clang = ['clang-14', 'clang'].find(hasTool) ?? '';

afterAll(() => removeFolder(folder));

describe('line.c', () => {
  it.runIf(clang !== '')('stands what libFuzzer makes of its corpus', async () => {
    const fuzz = join(import.meta.dirname, 'fuzz');
    const target = join(folder, 'line');
    const sources = [join(fuzz, 'line.c'), join(runtimeFolder, 'line.c')];
    const flags = ['-g', '-O1', '-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=undefined'];
    await run(clang, [...flags, '-I', runtimeFolder, ...sources, '-o', target]);
    const corpus = join(folder, 'corpus');
    cpSync(join(fuzz, 'corpus'), corpus, { recursive: true });
    const { stderr } = await run(target, ['-runs=200000', '-max_len=600', corpus], { cwd: folder, maxBuffer: 1 << 24 });
    expect(stderr).toMatch(/Done 200000 runs/);
  });
});
