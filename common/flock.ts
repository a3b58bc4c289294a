/**
 * Locks an open file or folder for this process, if nobody else has it. Says what error it met: `EAGAIN` when somebody has.
 * The lock goes with the last descriptor, however the process ends, and holds between containers as well.
 */
export type Flock = (file: number) => string | undefined;

let loaded: Promise<Flock> | undefined;

/** The system's own `flock`, which Node does not have. Not on Windows. */
export function systemFlock(): Promise<Flock> {
  loaded ??= import('koffi').then(({ default: koffi }) => {
    const flock = koffi.load(null).func('int flock(int fd, int operation)');
    const exclusiveNow = 2 | 4;
    return (file) => {
      if (flock(file, exclusiveNow) === 0) return undefined;
      const error = koffi.errno();
      const name = Object.entries(koffi.os.errno).find(([, value]) => value === error)?.[0];
      return name === 'EWOULDBLOCK' ? 'EAGAIN' : (name ?? `error ${error}`); // One number with two names.
    };
  });
  return loaded;
}
