import { open, readFile } from 'node:fs/promises';
import { VaisError } from '../../common/error.ts';

/** @throws VaisError `usage` when there is no such file, or it cannot be read */
export async function requireInput(path: string): Promise<void> {
  await sizeOf(path);
}

/** The size of a file, in bytes. @throws VaisError `usage` */
export async function sizeOf(path: string): Promise<{ readonly size: number }> {
  return await input(path, async () => {
    const file = await open(path, 'r');
    try {
      const there = await file.stat();
      if (there.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
      return there;
    } finally {
      await file.close();
    }
  });
}

/** The bytes of a file. @throws VaisError `usage` */
export function readInput(path: string): Promise<Buffer> {
  return input(path, () => readFile(path));
}

async function input<Result>(path: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : String(code ?? thrown);
    throw new VaisError('usage', `cannot read ${path}: ${why}`, { hint: 'Check the path.', cause: thrown });
  }
}
