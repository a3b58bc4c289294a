import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { windowsStartTimeOf } from './process-windows.ts';

/**
 * When a process started, as the kernel counts it, so that a pid that was given out again is not taken for the old
 * one. Undefined where no such process lives (a zombie does not) or the system does not tell.
 */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'win32') return windowsStartTimeOf(pid);
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything; the fields after it are numbers. State is the third field of all,
    // the start time the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** True while a process of this pid lives. Where there is no `/proc`, a zombie counts as alive. */
export async function isAlive(pid: number): Promise<boolean> {
  if (process.platform === 'linux') return (await startTimeOf(pid)) !== undefined;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Resolves to true when the process has ended, to false when the signal was given first. Polls: Node has no event for
 * the end of a process that is not its child.
 */
export async function whenGone(pid: number, signal: AbortSignal): Promise<boolean> {
  for (let wait = 5; !signal.aborted; wait = Math.min(wait * 2, 500)) {
    if (!(await isAlive(pid))) return true;
    await sleep(wait, undefined, { signal }).catch(() => undefined);
  }
  return false;
}
