import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { digestOf } from '../../common/digest.ts';

const isWindows = process.platform === 'win32';

/**
 * Where an agent listens on its own machine: for programs (`link`), and for whoever runs it (`admin`). A socket in its
 * data folder; on Windows, where folders hold no sockets, a named pipe that is called after the folder.
 */
export function socketPath(dataFolder: string, kind: 'link' | 'admin'): string {
  if (!isWindows) return join(dataFolder, `${kind}.sock`);
  // The same folder in other letters is the same folder there.
  return `\\\\.\\pipe\\vais-hot-${kind}-${digestOf(resolve(dataFolder).toLowerCase()).slice(0, 32)}`;
}

/**
 * Where programs look when `VAIS_HOT_LINK` is not set: docs/link.md.
 *
 * @param runtimeFolder `XDG_RUNTIME_DIR`, when it is set
 */
export function defaultLinkPath(runtimeFolder: string | undefined): string {
  if (isWindows) return `\\\\.\\pipe\\vais-hot-${userInfo().username}`;
  if (runtimeFolder !== undefined && runtimeFolder !== '') return `${runtimeFolder}/vais-hot/link.sock`;
  return `/tmp/vais-hot-${process.getuid?.() ?? 0}/link.sock`;
}

/** Whether a path is that of a named pipe of Windows. */
export function isPipe(path: string): boolean {
  return isWindows && /^[\\/]{2}\.[\\/]pipe[\\/]/i.test(path);
}
