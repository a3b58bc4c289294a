/** The runtime as one file, as a user adds it to a build of their own, with whatever their compiler is told. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { missingC } from '../platforms/tools.ts';
import { itWhere } from '../scenario/needs.ts';

const folder = mkdtempSync(join(tmpdir(), 'vais-one-'));
afterAll(() => rmSync(folder, { recursive: true }));

for (const command of [
  ['gcc', '-std=c99', '-pedantic', '-Wall', '-Wextra', '-Werror', '-c'],
  ['clang-14', '-std=c99', '-pedantic', '-Wall', '-Wextra', '-Werror', '-c'],
  ['g++', '-x', 'c++', '-Wall', '-c'],
  ['clang++-14', '-x', 'c++', '-Wall', '-c'],
] as const)
  itWhere(`hot.c compiles: ${command.join(' ')}`, missingC(command), () => {
    const [tool, ...flags] = command;
    const source = join(packageRoot, 'dist', 'c', 'hot.c');
    const { status, stderr } = spawnSync(tool, [...flags, source, '-o', join(folder, 'hot.o')], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
  });
