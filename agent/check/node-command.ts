import { basename, dirname } from 'node:path';

/**
 * How this Node is started once more. Where it was started by a loader that was brought along, for a C library that the
 * system does not have, the system knows the loader as the program that runs: then it has to be named with the rest.
 */
export const nodeCommand: readonly [string, ...string[]] = /^ld[-.].*\.so/.test(basename(process.execPath))
  ? [process.execPath, '--library-path', dirname(process.argv0), process.argv0]
  : [process.execPath];
