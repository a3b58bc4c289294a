// Run by the Dockerfile: puts the parts of the images into a folder. The program is built from the source that SOURCE names.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = process.argv[2];
const source = process.env.SOURCE;
if (out === undefined || source === undefined)
  throw new Error('say where to: SOURCE=FILE.vais node deploy/assemble.mjs OUT');
const run = (command, args) => execFileSync(command, args, { cwd: root, stdio: 'inherit' });

// Packages with native parts are of the machine that installed them, which may be another one than the image's.
const native = join(root, 'node_modules', '@koromix', `koffi-${process.platform}-${process.arch}`);
if (!existsSync(native)) run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund']);
if (!existsSync(join(root, 'dist', 'agent', 'bin.js')))
  throw new Error('the package is not built: npm ci, then build the image');

const { agentFiles } = await import('../dist/cli/docker/bundle.js');
for (const path of await agentFiles()) cpSync(join(root, path), join(out, 'vais-remote', path));
run(process.execPath, [join('dist', 'compiler', 'main.js'), 'build', source, '-o', join(out, 'program')]);
mkdirSync(join(out, 'vais'), { mode: 0o700 });
