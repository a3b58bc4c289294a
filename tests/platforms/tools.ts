import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether a command is in the PATH. */
export function hasTool(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)));
}
