import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatContract } from '../../artifact/contract/format.ts';
import { packageRoot, packageVersion } from '../../common/package-root.ts';
import { generate } from '../../compiler/back/c/generate.ts';
import { renderDiagnostics } from '../../compiler/compile.ts';
import { analyse, type FrontResult } from '../../compiler/front/front.ts';

// What the compiler writes for each construct: C and contract of `right/`, messages of `wrong/`. After a change that
// is meant, VAIS_UPDATE_GOLDEN=1 writes them anew; then read the difference.
const folder = join(packageRoot, 'tests/compiler/golden');
const sources = (kind: string): string[] => readdirSync(join(folder, kind)).filter((name) => name.endsWith('.vais'));

/** Reads a source under its own name, so that no path of this machine is in what comes out. */
function front(kind: string, file: string): FrontResult {
  const read = (path: string): string | undefined => {
    const inside = path.startsWith(packageRoot) ? path : join(folder, kind, path);
    return existsSync(inside) ? readFileSync(inside, 'utf8') : undefined;
  };
  return analyse(file, { read });
}

function golden(path: string, text: string): void {
  const file = join(folder, path);
  if (process.env['VAIS_UPDATE_GOLDEN'] !== undefined) writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

describe('messages', () => {
  it.each(sources('wrong'))('of %s', (file) => {
    const result = front('wrong', file);
    expect(result.ok).toBe(false);
    golden(`wrong/${file.replace('.vais', '.txt')}`, renderDiagnostics(result.diagnostics));
  });
});

describe('C and contract', () => {
  const toolchain = { name: 'gcc', command: 'gcc', version: '0', triples: ['x86_64-linux-gnu'] } as const;
  const options = { triple: 'x86_64-linux-gnu', toolchain, opt: 2, debug: false, release: false } as const;
  it.each(sources('right').filter((name) => name !== 'helper.vais'))('of %s', (file) => {
    const result = front('right', file);
    if (!result.ok) throw new Error(renderDiagnostics(result.diagnostics));
    // The build id follows from all the rest, version included.
    const plain = (text: string): string =>
      text.replaceAll(/\b[0-9a-f]{32}\b/g, 'BUILD').replaceAll(packageVersion, 'VERSION');
    const program = generate(result.program, { ...options, kind: 'program', tier: 'optimized' });
    golden(`right/${file.replace('.vais', '.program.c')}`, plain(program.c));
    if (program.contract.functions.length === 0) return;
    const image = generate(result.program, { ...options, kind: 'image', tier: 'fast' });
    golden(`right/${file.replace('.vais', '.image.c')}`, plain(image.c));
    golden(`right/${file.replace('.vais', '.contract.txt')}`, plain(`${formatContract(image.contract).join('\n')}\n`));
  });
});
