import { execFileSync } from 'node:child_process';
import { packageRoot } from '../common/package-root.ts';

/**
 * Builds dist/ once, so that the tests which start the real commands start this source. `VAIS_TEST_NO_BUILD=1` leaves
 * dist/ as it is, for whoever has just built it.
 */
export default function setup(): void {
  if (process.env['VAIS_TEST_NO_BUILD'] === '1') return;
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: packageRoot, stdio: 'inherit' });
}
