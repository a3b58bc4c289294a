import { readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { whenGone } from './process.ts';

/** A process, as the link tells of it. */
export interface Instance {
  readonly pid: number;
  /** The inode of the pid namespace that `pid` counts in; undefined where the program did not say. */
  readonly pidNamespace: string | undefined;
}

/** How long a program may stay away whose process cannot be looked for, in milliseconds; it dials again after 20 to 1000. */
const awayMs = 1_500;

/** This process's own pid namespace: the inode that /proc/self/ns/pid names. Undefined where there is none. */
export async function ownPidNamespace(): Promise<string | undefined> {
  try {
    return /\[(\d+)\]/.exec(await readlink('/proc/self/ns/pid'))?.[1];
  } catch {
    return undefined;
  }
}

/** Whether the two are one process: two containers may both have a process 7. */
export function isSameProcess(one: Instance, other: Instance): boolean {
  return one.pid === other.pid && one.pidNamespace === other.pidNamespace;
}

/**
 * Waits for the end of a process whose connection has ended. Its pid is looked for only where it means the same to us: a
 * program in another container is taken for gone when it does not come back soon.
 *
 * @param connected the programs that are connected now
 * @returns whether it is gone, and, if so, whether that was seen; `alive` when it came back, or the signal was given first
 */
export async function watchEnd(
  link: Instance,
  connected: () => readonly Instance[],
  signal: AbortSignal,
): Promise<'alive' | 'ended' | 'away'> {
  const own = await ownPidNamespace();
  if (link.pidNamespace === undefined || own === undefined || link.pidNamespace === own)
    return (await whenGone(link.pid, signal)) ? 'ended' : 'alive';
  await sleep(awayMs, undefined, { signal }).catch(() => undefined);
  return signal.aborted || connected().some((other) => isSameProcess(link, other)) ? 'alive' : 'away';
}
