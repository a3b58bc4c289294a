/** What Windows tells of processes; Node has no call for it. */

const queryLimited = 0x1000;

type StartTimeOf = (pid: number) => string | undefined;
let loaded: Promise<StartTimeOf> | undefined;

/** When a process started, in 100 ns since 1601. Undefined where none of this pid lives, or it is not ours to look at. */
export function windowsStartTimeOf(pid: number): Promise<string | undefined> {
  loaded ??= load();
  return loaded.then((startTimeOf) => startTimeOf(pid));
}

async function load(): Promise<StartTimeOf> {
  const { default: koffi } = await import('koffi');
  const kernel = koffi.load('kernel32.dll');
  const openProcess = kernel.func('void *OpenProcess(uint32 access, int inherit, uint32 pid)');
  const closeHandle = kernel.func('int CloseHandle(void *handle)');
  const getProcessTimes = kernel.func(
    'int GetProcessTimes(void *process, _Out_ uint64 *start, _Out_ uint64 *end, _Out_ uint64 *system, _Out_ uint64 *user)',
  );
  return (pid) => {
    const process: unknown = openProcess(queryLimited, 0, pid);
    if (process === null) return undefined;
    const [start, end, system, user] = [[0], [0], [0], [0]];
    try {
      if (getProcessTimes(process, start, end, system, user) === 0) return undefined;
      // It has ended, and somebody still holds it.
      return BigInt(end?.[0] ?? 0) === 0n ? String(start?.[0]) : undefined;
    } finally {
      closeHandle(process);
    }
  };
}
