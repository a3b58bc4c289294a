// Compiles the rooms into dist/. Runs on `npm ci` (prepare), before the benchmarks and before the tests.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeAmalgamation } from './amalgamate.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
if (!existsSync(tsc)) {
  // Installed from a packed tarball, without development dependencies: dist/ came along.
  process.exit(existsSync(join(root, 'dist')) ? 0 : 1);
}
const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
writeAmalgamation(join(root, 'dist', 'c'));
for (const bin of ['cli/main.js', 'compiler/main.js']) {
  const path = join(root, 'dist', bin);
  if (existsSync(path)) chmodSync(path, 0o755);
}
