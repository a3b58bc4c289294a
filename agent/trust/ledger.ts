import { join } from 'node:path';
import { VaisError } from '../../common/error.ts';
import { damaged, seal, unseal } from '../../common/sealed.ts';
import { readSecret, writeSecret } from '../../common/secret-file.ts';
import { damagedHint } from './developers.ts';

/** For each developer's key, the highest number of an act for each module, and the floor for all others. */
interface Account {
  floor: number;
  readonly modules: Map<string, number>;
}

interface LedgerFile {
  readonly format: 2;
  readonly accounts: readonly { keyId: string; floor: number; modules: readonly [string, number][] }[];
}

/** Where the ledger stands in an agent's data folder. */
export const actsFile = 'acts.json';

/** So far ahead are numbers written down, so that not every act waits for the disk. Microseconds, where they are times. */
const ahead = 10_000_000;
/** So many modules are told apart for one developer; the one with the lowest number becomes part of the floor. */
const maxModules = 256;

/**
 * Which acts have been done: a developer's next act for a module must have a higher number than the last. So nothing
 * can be done twice, nothing old can come after something newer, and no clock decides.
 *
 * What stands on the disk is ahead of what was done. After a restart everything up to there counts as done; the agent tells
 * a developer where that is, so that their next act is higher.
 */
export class Ledger {
  readonly #path: string;
  readonly #accounts: Map<string, Account>;
  /** What stands on the disk. */
  #written: ReadonlyMap<string, number>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, accounts: Map<string, Account>) {
    this.#path = path;
    this.#accounts = accounts;
    this.#written = heightsOf(accounts);
  }

  /** Opens the ledger in an agent's data folder. @throws VaisError `damaged`, `wrong_format`, `storage`: without it, replays would be taken */
  static async open(dataFolder: string): Promise<Ledger> {
    const path = join(dataFolder, actsFile);
    const text = await readSecret(path);
    const accounts = text === undefined ? new Map<string, Account>() : parseFile(path, text);
    return new Ledger(path, accounts);
  }

  /** The highest number that a key has used, as far as it is known. */
  last(keyId: string): number {
    const account = this.#accounts.get(keyId);
    return account === undefined ? 0 : Math.max(account.floor, ...account.modules.values());
  }

  /**
   * Enters an act. It counts at once; what is returned resolves when it will count after a power cut too.
   *
   * @throws VaisError `replayed` when it is not newer than the last
   */
  enter(keyId: string, subject: string, sequence: number): Promise<void> {
    const account = this.#accounts.get(keyId) ?? { floor: 0, modules: new Map<string, number>() };
    const last = account.modules.get(subject) ?? account.floor;
    if (sequence <= last)
      throw new VaisError(
        'replayed',
        `act ${sequence} is not newer than the last one of this developer for ${subject}, which was ${last}`,
      );
    this.#accounts.set(keyId, account);
    account.modules.delete(subject);
    account.modules.set(subject, sequence);
    if (account.modules.size > maxModules) forgetLowest(account);
    const isWritten = sequence <= (this.#written.get(`${keyId} ${subject}`) ?? 0);
    return isWritten ? Promise.resolve() : this.#write();
  }

  /** Returns when nothing is being written any more. */
  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
  }

  #write(): Promise<void> {
    const write = this.#writing
      .catch(() => undefined)
      .then(async () => {
        const accounts = [...this.#accounts].map(([keyId, { floor, modules }]) => ({
          keyId,
          floor,
          modules: [...modules].map(([subject, sequence]): [string, number] => [subject, aheadOf(sequence)]),
        }));
        const file: LedgerFile = { format: 2, accounts };
        await writeSecret(this.#path, seal(file));
        this.#written = heightsOf(
          new Map(accounts.map((each) => [each.keyId, { ...each, modules: new Map(each.modules) }])),
        );
      });
    this.#writing = write;
    return write;
  }
}

/** Of a number that somebody chose: at most what can be written down and read again. */
function aheadOf(sequence: number): number {
  return Math.min(sequence + ahead, Number.MAX_SAFE_INTEGER);
}

function heightsOf(accounts: ReadonlyMap<string, Account>): Map<string, number> {
  return new Map(
    [...accounts].flatMap(([keyId, { modules }]) =>
      [...modules].map(([subject, sequence]): [string, number] => [`${keyId} ${subject}`, sequence]),
    ),
  );
}

function forgetLowest(account: Account): void {
  const [lowest] = [...account.modules].sort(([, a], [, b]) => a - b);
  if (lowest === undefined) return;
  account.modules.delete(lowest[0]);
  account.floor = Math.max(account.floor, lowest[1]);
}

function parseFile(path: string, text: string): Map<string, Account> {
  try {
    const { accounts } = unseal(path, text, 2) as unknown as LedgerFile;
    return new Map(accounts.map(({ keyId, floor, modules }) => [keyId, readAccount(floor, modules)]));
  } catch (thrown) {
    const error = thrown instanceof VaisError ? thrown : damaged(path, 'it does not say what it should');
    if (error.code !== 'damaged') throw error;
    throw new VaisError('damaged', error.message, { hint: damagedHint, cause: thrown });
  }
}

function readAccount(floor: number, modules: readonly [string, number][]): Account {
  const numbers = [floor, ...modules.map(([, sequence]) => sequence)];
  if (!numbers.every(Number.isSafeInteger)) throw new Error('not a number');
  return { floor, modules: new Map(modules) };
}
