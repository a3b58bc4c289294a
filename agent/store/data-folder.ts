import { join } from 'node:path';
import { VaisError } from '../../common/error.ts';
import { isPrivateFolder, makePrivateFolder, readIfThere, replaceFile } from '../../common/files.ts';
import { seal, unseal } from '../../common/sealed.ts';
import { type Lock, takeLock } from './lock.ts';
import { Quarantine } from './quarantine.ts';

/** The format of the data folder that this agent writes: docs/durability.md. 1 was without seals, and had no such file. */
const format = 2;

/** The folder with all that an agent keeps. One agent has it at a time. */
export class DataFolder {
  readonly path: string;
  readonly quarantine: Quarantine;
  readonly #lock: Lock;

  private constructor(path: string, quarantine: Quarantine, lock: Lock) {
    this.path = path;
    this.quarantine = quarantine;
    this.#lock = lock;
  }

  /**
   * Makes the folder where there is none, takes it for this process, and sees that its format is one that we know.
   *
   * @throws VaisError `busy` that names the agent that has it, `wrong_format`, `storage`
   */
  static async open(path: string, warn: (message: string) => void): Promise<DataFolder> {
    await makePrivateFolder(path);
    const lock = await lockData(path);
    try {
      const quarantine = await Quarantine.open(path, warn);
      await requireFormat(join(path, 'format.json'), quarantine);
      return new DataFolder(path, quarantine, lock);
    } catch (thrown) {
      lock.release();
      throw thrown;
    }
  }

  /** Gives it to the next agent. Idempotent. */
  close(): void {
    this.#lock.release();
  }
}

/**
 * Takes a data folder, for whatever must not be done beside an agent.
 *
 * @throws VaisError `busy`, `storage`; also for a folder that others can write to: what they put there, links to other
 * files among it, would be taken for ours
 */
export async function lockData(path: string): Promise<Lock> {
  if (!(await isPrivateFolder(path)))
    throw new VaisError('storage', `the data folder ${path} is another user's, or others can write to it`, {
      hint: `Give a folder of your own, or: chmod go-w ${path}`,
    });
  return takeLock(join(path, 'lock'), `the data folder ${path}`);
}

async function requireFormat(path: string, quarantine: Quarantine): Promise<void> {
  const text = await readIfThere(path);
  if (text !== undefined) {
    try {
      unseal(path, text, format);
      return;
    } catch (thrown) {
      // Each file says its own format too, so a damaged note of it is no reason to stop.
      if (!(thrown instanceof VaisError) || thrown.code !== 'damaged') throw thrown;
      await quarantine.take(path, thrown.message);
    }
  }
  await replaceFile(path, seal({ format }));
}
