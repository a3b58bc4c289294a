import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { readImage } from '../../artifact/contract/image.ts';
import { packageRoot } from '../../common/package-root.ts';
import { compiled, workFolder } from './support/work.ts';

const work = workFolder();
const text = (value: number): string => `#[hot]\nF step() -> i64 = ${value}\n`;

it('each build of the same output gives its own code, the waiting compiler or not', async () => {
  const output = join(work, 'libgame.so');
  const ids = new Set<string>();
  for (let value = 0; value < 8; value++) {
    const built = await compiled({ file: 'game.vais', text: text(value), kind: 'image', tier: 'fast', output });
    expect(readImage(readFileSync(output)).contract.buildId).toBe(built.contract.buildId);
    ids.add(built.contract.buildId);
  }
  expect(ids.size).toBe(8);
});

it('leaves no file and no process behind when the process ends', async () => {
  const folder = join(work, 'ended');
  const script = join(work, 'ended.mjs');
  const lines = [
    `import { compile } from ${JSON.stringify(join(packageRoot, 'dist/compiler/compile.js'))};`,
    `for (const value of [1, 2, 3, 4]) await compile({ file: 'game.vais', text: '#[hot]\\nF f() -> i64 = ' + value, kind: 'image', tier: 'fast', output: ${JSON.stringify(join(folder, 'libgame.so'))} });`,
  ];
  writeFileSync(script, lines.join('\n'));
  const ended = await promisify(execFile)(process.execPath, [script], { timeout: 20_000 });
  expect(ended.stderr).toBe('');
  // The waiting compiler ends as its input does; what it was to write has a name of its own, and never appears.
  expect(readdirSync(folder)).toEqual(['libgame.so']);
});
