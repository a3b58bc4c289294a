/** What a machine, or a limit of it, keeps us from: each failure is a real one, and none is called a bug of ours. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VaisError } from '../../common/error.ts';
import { storageError } from '../../common/files.ts';
import { machineCause } from '../../common/machine.ts';
import { packageRoot } from '../../common/package-root.ts';

const vaisc = join(packageRoot, 'dist', 'compiler', 'main.js');
const remote = join(packageRoot, 'dist', 'cli', 'main.js');
const bug = 'a bug in vais-remote';

function bash(script: string): SpawnSyncReturns<string> {
  const env = { ...process.env, NODE: process.execPath, VAISC: vaisc, REMOTE: remote };
  return spawnSync('bash', ['-c', script], { encoding: 'utf8', cwd: folder, timeout: 60_000, env });
}

/** In a mount namespace of its own, with a file system at `/mnt`. */
const mounted = (options: string, script: string) => bash(`unshare -rm bash -c '${mount(options)} && ${script}'`);
const mount = (options: string) => `mount -t tmpfs -o ${options} x /mnt`;

const canMount = spawnSync('unshare', ['-rm', 'bash', '-c', mount('size=4k')]).status === 0;
const nobody = 'setpriv --reuid=65534 --regid=65534 --clear-groups';
// Of root no processes are counted, so somebody else has to run out of them.
const canDrop = spawnSync('bash', ['-c', `${nobody} bash -c 'ulimit -u 12'`]).status === 0;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vais-machine-'));
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'hello.vais'), 'F main() -> i64 {\n    printf("hi\\n")\n    0\n}\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a limit of this process', () => {
  it('on open files', () => {
    // So few that Node itself starts, and nothing after it: how many it opens is its own affair.
    let stderr = '';
    for (let most = 30; most < 90 && !stderr.startsWith('error:'); most += 2)
      ({ stderr } = bash(
        `ulimit -n ${most}; exec timeout 20 "$NODE" "$REMOTE" agent --insecure --listen 127.0.0.1:0 --data data --link link`,
      ));
    expect(stderr).toContain('ulimit -n');
    expect(stderr).not.toContain(bug);
  });

  it('on the size of files', () => {
    const { stderr } = bash('ulimit -f 4; "$NODE" "$VAISC" build hello.vais -o hello');
    expect(stderr).toContain('ulimit -f');
    expect(stderr).not.toContain(bug);
  });

  it.skipIf(!canDrop)('on processes', () => {
    // So few that Node itself runs, and nothing beside it: how many threads that is, only trying tells.
    let stderr = '';
    for (let most = 8; most < 32 && !stderr.startsWith('error:'); most += 1)
      ({ stderr } = bash(`${nobody} bash -c 'ulimit -u ${most}; exec "$NODE" "$VAISC" build hello.vais -o hello'`));
    expect(stderr).toMatch(/ulimit -u/);
    expect(stderr).not.toContain(bug);
  });
});

describe.skipIf(!canMount)('a file system', () => {
  it.each([
    ['that is full', 'size=4k', /df -h/],
    ['that is read-only', 'ro', /read-only|mount it/],
  ])('%s', (_what, options, hint) => {
    for (const command of [
      '"$NODE" "$VAISC" build hello.vais -o /mnt/hello',
      '"$NODE" "$REMOTE" agent --insecure --listen 127.0.0.1:0 --data /mnt/data --link link',
    ]) {
      const { stderr, status } = mounted(options, command);
      expect(status).not.toBe(0);
      expect(stderr).toMatch(hint);
      expect(stderr).not.toContain(bug);
    }
  });

  it('that no code may be run from', () => {
    const { stderr } = mounted('noexec', 'TMPDIR=/mnt "$NODE" "$VAISC" run hello.vais');
    expect(stderr).toContain('noexec');
    const copied = 'cp "$(ldd /bin/true | grep -o "/[^ ]*libc[^ ]*")" /mnt/code.so; LD_PRELOAD=/mnt/code.so /bin/true';
    expect(machineCause(mounted('noexec', copied).stderr)?.hint).toContain('noexec');
  });
});

it('a folder that was removed meanwhile', () => {
  const error = storageError(
    'cannot write x',
    caught(() => writeFileSync(join(folder, 'gone', 'x'), 'x')),
  );
  expect(error).toMatchObject({ code: 'storage', hint: expect.stringContaining('removed or moved') });
});

it('is told from a fault of ours, also where the system has no word for it', () => {
  const thrown = Object.assign(new Error('uv_interface_addresses returned Unknown system error 97'), {
    code: 'ERR_SYSTEM_ERROR',
    syscall: 'uv_interface_addresses',
  });
  expect(VaisError.from(thrown)).toMatchObject({ code: 'machine', exitCode: 1 });
  expect(VaisError.from(new TypeError('x is not a function')).code).toBe('internal');
  expect(VaisError.from(caught(() => writeFileSync('/dev/full', 'x')))).toMatchObject({
    code: 'machine',
    hint: expect.stringContaining('df -h'),
  });
});

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (thrown) {
    return thrown;
  }
  throw new Error('nothing was thrown');
}
