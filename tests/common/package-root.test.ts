import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { packageRoot, packageVersion } from '../../common/package-root.ts';

describe('the root of the package', () => {
  it('holds what goes with it', () => {
    expect(existsSync(join(packageRoot, 'runtime', 'hot.h'))).toBe(true);
    const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
    expect(packageVersion).toBe(version);
  });

  it('is the same from dist/, wherever the process stands', () => {
    const built = pathToFileURL(join(packageRoot, 'dist', 'common', 'package-root.js')).href;
    const program = `import { packageRoot } from ${JSON.stringify(built)}; process.stdout.write(packageRoot);`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: '/',
      encoding: 'utf8',
    });
    expect(printed).toBe(packageRoot);
  });
});
