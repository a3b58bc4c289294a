// Installs what the tests need to run on other platforms and on other versions of Node: Node's builds and a C compiler with
// macOS's headers (npm packages, named in tests/platforms/nodes/package.json), and for each foreign platform our own
// dependencies as npm installs them there. Where there is Wine, makes a Windows for it.
// Usage: node scripts/install-platforms.mjs
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const platforms = join(root, 'tests', 'platforms');
const quiet = ['--ignore-scripts', '--no-audit', '--no-fund'];

/** `npm ci` in the folder, unless that was done with this lock file already. */
function install(folder, ...options) {
  const lock = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
  const done = join(folder, 'node_modules', '.installed-from');
  if (existsSync(done) && readFileSync(done, 'utf8') === lock) return;
  execFileSync('npm', ['ci', ...quiet, ...options], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  writeFileSync(done, lock);
}

// They say for which system they are; --force installs them on another.
install(join(platforms, 'nodes'), '--force');
// A package that is not for its `bin` has files as they were packed: without the right to be run.
chmodSync(join(platforms, 'nodes', 'node_modules', '@ryoppippi', 'zig-linux-x64', 'zig'), 0o755);

for (const [os, cpu] of [
  ['linux', 'arm64'],
  ['win32', 'x64'],
]) {
  const folder = join(platforms, 'installed', `${os}-${cpu}`);
  mkdirSync(folder, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(root, name), join(folder, name));
  install(folder, '--omit=dev', `--os=${os}`, `--cpu=${cpu}`);
}

// Making one takes seconds, so it is made once, for all tests. Node wants a Windows 10, and a program that crashes is to
// end, without a debugger. In no folder of ours, as it has a way to all of `/` in it, which whoever looks through our
// files would take.
const wine = join(homedir(), '.cache', 'vais-remote', 'tests', 'wine');
if (!existsSync(join(wine, '.made-2')) && spawnSync('wine', ['--version']).error === undefined) {
  const options = { stdio: 'ignore', env: { ...process.env, WINEPREFIX: wine, WINEDEBUG: '-all', DISPLAY: '' } };
  mkdirSync(wine, { recursive: true });
  const crashes = 'HKLM\\Software\\Microsoft\\Windows NT\\CurrentVersion\\AeDebug';
  for (const args of [
    ['wineboot', '--init'],
    ['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f'],
    ['reg', 'add', crashes, '/v', 'Debugger', '/d', 'none', '/f'],
  ])
    execFileSync('wine', args, options);
  writeFileSync(join(wine, '.made-2'), '');
}
