/**
 * An image to build on, made of this machine's own files: no registry is asked. It has Node, tcc, and the C library with its
 * headers, and nothing else: no shell, no package manager, not one command of a system.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { chmod, cp, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const libraries = '/usr/lib/x86_64-linux-gnu';

/** What linking against the C library takes, by the start of its name. */
const linking = /^(?:crt[1in]\.o|[SM]?crt1\.o|lib(?:c|m|dl|pthread|c_nonshared|mvec)(?:[.-]\S*)?\.(?:so|a)(?:\.\d+)*)$/;
const headers = [
  'asm-generic',
  'linux',
  'x86_64-linux-gnu/asm',
  'x86_64-linux-gnu/bits',
  'x86_64-linux-gnu/gnu',
  'x86_64-linux-gnu/sys',
];

/** The libraries that an executable is linked to, with the loader. */
export function librariesOf(executable: string): string[] {
  const text = execFileSync('ldd', [executable], { encoding: 'utf8' });
  return Array.from(text.matchAll(/(?:=> )?(\/\S+) \(0x/g), ([, path = '']) => path);
}

/** Imports a folder as an image. */
export async function importFolder(folder: string, tag: string, changes: readonly string[] = []): Promise<void> {
  const tar = spawn('tar', ['-C', folder, '--owner=0', '--group=0', '-cf', '-', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const args = ['import', ...changes.flatMap((change) => ['--change', change]), '-', tag];
  const docker = spawn('docker', args, { stdio: [tar.stdout, 'ignore', 'inherit'] });
  const [code] = (await once(docker, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`docker import ended with ${code}`);
}

/** Makes the image; that of an earlier run is taken when it is there. Returns its tag. */
export async function baseImage(): Promise<string> {
  const tag = `vais-remote-test/base:${process.version}`;
  if (execFileSync('docker', ['images', '-q', tag], { encoding: 'utf8' }).trim() !== '') return tag;
  const folder = mkdtempSync(join(tmpdir(), 'vais-base-'));
  try {
    const put = async (from: string, to = from): Promise<void> => {
      await mkdir(dirname(join(folder, to)), { recursive: true });
      await cp(realpathSync(from), join(folder, to), { recursive: true, dereference: true });
    };
    const tcc = execFileSync('which', ['tcc'], { encoding: 'utf8' }).trim();
    await put(process.execPath, '/usr/local/bin/node');
    await put(tcc, '/usr/local/bin/tcc');
    for (const path of new Set([process.execPath, tcc].flatMap((each) => librariesOf(each)))) await put(path);
    for (const name of readdirSync(libraries)) if (linking.test(name)) await put(join(libraries, name));
    await put(join(libraries, 'tcc'));
    for (const name of readdirSync('/usr/include')) if (name.endsWith('.h')) await put(join('/usr/include', name));
    for (const name of headers) if (existsSync(join('/usr/include', name))) await put(join('/usr/include', name));
    for (const name of ['tmp', 'dev', 'proc', 'sys', 'etc']) await mkdir(join(folder, name), { recursive: true });
    await chmod(join(folder, 'tmp'), 0o1777);
    await importFolder(folder, tag, ['ENV PATH=/usr/local/bin']);
    return tag;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
