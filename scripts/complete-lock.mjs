// Adds to package-lock.json the optional packages for other platforms that npm left out because the registry at hand
// does not have them. Without their entries `npm ci` refuses the lock file ("Missing: … from lock file"), also where they would
// never be installed. Run it after `npm install` has changed the lock file.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const path = join(dirname(dirname(fileURLToPath(import.meta.url))), 'package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8'));

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openbsd', 'openharmony', 'win32'];
const machines = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

/** Where a package runs, as the name of its platform package says it: `@biomejs/cli-linux-x64-musl`. */
function platformOf(name) {
  const os = systems.find((system) => name.includes(`-${system}`));
  const cpu = machines.find((machine) => name.includes(`-${machine}`));
  if (os === undefined || cpu === undefined) throw new Error(`${name} does not name its platform: add it by hand`);
  const libc = os !== 'linux' ? undefined : name.includes('musl') ? 'musl' : 'glibc';
  return { os: [os], cpu: [cpu], ...(libc && { libc: [libc] }) };
}

const added = {};
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined || !/^\d/.test(version)) continue;
    added[key] = { version, ...platformOf(name), ...(entry.dev && { dev: true }), optional: true };
  }
}
const { '': root, ...rest } = lock.packages;
const sorted = Object.entries({ ...rest, ...added }).sort(([a], [b]) => a.localeCompare(b, 'en'));
lock.packages = { '': root, ...Object.fromEntries(sorted) };
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${Object.keys(added).length} optional packages added to package-lock.json`);
