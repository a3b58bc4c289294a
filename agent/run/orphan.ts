import { readdir, readFile } from 'node:fs/promises';
import { isAlive } from './process.ts';

/** In the environment of what an agent started: the data folder of that agent. */
export const startedBy = 'VAIS_HOT_STARTED_BY';

/**
 * A program that an earlier agent of this data folder started and did not live to write down, or whose pid file is
 * damaged: found by its environment, where the system shows that. It leads a process group of its own.
 *
 * @param environment what the agent gave it
 */
export async function findByEnvironment(environment: NodeJS.ProcessEnv): Promise<number | undefined> {
  if (process.platform !== 'linux' || environment[startedBy] === undefined) return undefined;
  const wanted = [startedBy, 'VAIS_HOT_NAME'].map((name) => `${name}=${environment[name]}`);
  const names = await readdir('/proc').catch(() => []);
  for (const pid of names.filter((name) => /^\d+$/.test(name)).map(Number)) {
    try {
      const has = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
      if (wanted.every((each) => has.includes(each)) && (await isLeader(pid)) && (await isAlive(pid))) return pid;
    } catch {
      // It has ended, or is somebody else's.
    }
  }
  return undefined;
}

async function isLeader(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // State, parent, group.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) === pid;
}
