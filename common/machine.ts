/**
 * What a machine, or a limit that it sets, keeps a program from: by the name that the system has for it, in words, with what
 * helps. None of it is a fault of ours.
 */

/** One cause. */
export interface MachineCause {
  /** What is the matter, as the end of a sentence. */
  readonly why: string;
  /** What to do next. */
  readonly hint: string;
}

/** Code may not be run from where it is. */
export const noexec: MachineCause = {
  why: 'code from this folder may not be run',
  hint: 'It is on a file system that is mounted noexec: name another folder, or mount it with exec.',
};

const causes: Readonly<Record<string, MachineCause>> = {
  EMFILE: {
    why: 'this process may not have more files open',
    hint: 'Raise its limit: `ulimit -n 1024`, or LimitNOFILE= of its systemd unit.',
  },
  ENFILE: {
    why: 'this machine may not have more files open',
    hint: 'End what holds too many, or raise `sysctl fs.file-max`.',
  },
  ENOSPC: {
    why: 'there is no space left on the disk',
    hint: 'Free some, or name another folder: `df -h` shows space, `df -i` inodes, which run out as well.',
  },
  EDQUOT: { why: 'this user’s share of the disk is used up', hint: 'Free some, or have it raised: see `quota`.' },
  EFBIG: {
    why: 'no file may become this large',
    hint: 'Raise the limit on the size of files: `ulimit -f unlimited`, or LimitFSIZE= of its systemd unit.',
  },
  EROFS: {
    why: 'the file system is read-only',
    hint: 'Name a folder that can be written, or mount it so (in a container: a volume).',
  },
  EIO: { why: 'the disk does not work', hint: 'See what the system says of it: `dmesg`. Then restore from a backup.' },
  EACCES: {
    why: 'this user may not do that',
    hint: 'See owner and mode of what is named, and of each folder above it.',
  },
  EPERM: {
    why: 'this user may not do that',
    hint: 'See owner and mode of what is named, and of each folder above it.',
  },
  EAGAIN: {
    why: 'no more processes or threads may be started',
    hint: 'End some, or raise the limit: `ulimit -u`, TasksMax= of a systemd unit, --pids-limit of a container.',
  },
  ENOMEM: {
    why: 'there is no memory left',
    hint: 'Free some, or raise the limit: `ulimit -v`, MemoryMax= of a systemd unit, --memory of a container.',
  },
  noexec,
  gone: {
    why: 'it is not there any more',
    hint: 'It, or a folder above it, was removed or moved meanwhile. Put it back, or start again.',
  },
};

/** What else says the same: of tools that speak in sentences, and of Node where it has a name of its own. */
const sayings: readonly (readonly [RegExp, keyof typeof causes])[] = [
  [/too many open files in system/i, 'ENFILE'],
  [/too many open files/i, 'EMFILE'],
  [/no space left on device/i, 'ENOSPC'],
  [/disk quota exceeded/i, 'EDQUOT'],
  [/file (?:size limit exceeded|too large)/i, 'EFBIG'],
  [/read-only file system/i, 'EROFS'],
  [/failed to map segment from shared object/i, 'noexec'],
  [/cannot allocate memory|out of memory|ERR_WORKER_OUT_OF_MEMORY/i, 'ENOMEM'],
  [/resource temporarily unavailable|v?fork: retry|cannot fork|ERR_WORKER_INIT_FAILED/i, 'EAGAIN'],
];

/** What the machine has to do with a failure; undefined where it is something else. */
export function machineCause(thrown: unknown): MachineCause | undefined {
  if (!(thrown instanceof Error)) return typeof thrown === 'string' ? causeIn(thrown) : undefined;
  const { code, syscall } = thrown as NodeJS.ErrnoException;
  if (code === 'ERR_SYSTEM_ERROR')
    return {
      why: `the system answers ${syscall} with an error`,
      hint: 'See what this process may do: its sandbox, its container, its systemd unit.',
    };
  if (code !== undefined && syscall !== undefined && Object.hasOwn(causes, code)) return causes[code];
  return causeIn(thrown.message);
}

/** The same of a file or folder that was there before: that it is missing has a cause too. */
export function fileCause(thrown: unknown): MachineCause | undefined {
  const isMissing =
    thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR');
  return isMissing ? causes['gone'] : machineCause(thrown);
}

function causeIn(text: string): MachineCause | undefined {
  const found = sayings.find(([saying]) => saying.test(text));
  return found === undefined ? undefined : causes[found[1]];
}
