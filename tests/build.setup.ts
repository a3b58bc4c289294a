import { execFileSync } from 'node:child_process';
import { packageRoot } from '../common/package-root.ts';

/** Builds dist/ once, so that the tests which start the real commands start this source. */
export default function setup(): void {
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: packageRoot, stdio: 'inherit' });
}
