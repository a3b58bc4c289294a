import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Inherited by all that the tests start. */
const mark = 'VAIS_TEST_RUN';
/** Some take a moment to end by themselves, such as Wine's server. */
const graceMs = 15_000;

/**
 * After all tests: nothing that one of them started still runs, and /dev/null is what it was. What runs is named and ended, and
 * fails the run.
 */
export default function setup(): (() => Promise<void>) | undefined {
  if (process.platform !== 'linux') return undefined;
  const run = randomBytes(8).toString('hex');
  process.env[mark] = run;
  return async () => {
    const until = Date.now() + graceMs;
    let left = runningWith(`${mark}=${run}`);
    while (left.size > 0 && Date.now() < until) {
      await sleep(100);
      left = runningWith(`${mark}=${run}`);
    }
    // Compilers that put a new file in the place of their output do so with a device too, when root tells them to.
    if (!statSync('/dev/null').isCharacterDevice()) {
      process.exitCode = 1;
      throw new Error('a test has replaced /dev/null by a file: mknod -m 666 /dev/null c 1 3');
    }
    if (left.size === 0) return;
    for (const pid of left.keys()) process.kill(pid, 'SIGKILL');
    const list = [...left].map(([pid, command]) => `  ${pid}  ${command}`).join('\n');
    process.exitCode = 1; // vitest says what a teardown throws, and no more.
    throw new Error(`these processes were left running by tests:\n${list}`);
  };
}

/** The commands of the processes with this in their environment, by pid; zombies and our own are none of them. */
function runningWith(setting: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      if (Number(name) === process.pid) continue;
      if (!readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(setting)) continue;
      if (isOurs(Number(name))) continue;
      found.set(Number(name), readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim());
    } catch {
      // It has ended meanwhile, or is somebody else's.
    }
  }
  return found;
}

/** The workers of vitest itself end after this. */
function isOurs(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('vitest');
}
