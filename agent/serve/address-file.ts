import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { VaisError } from '../../common/error.ts';
import { placeFile, readIfThere } from '../../common/files.ts';

/** Where a running agent listens, for who shares its data folder: the health check, and whoever comes in by `docker exec`. */
export interface AgentAddress {
  /** `HOST:PORT`, as this machine reaches it. */
  readonly address: string;
  readonly insecure: boolean;
}

const fileName = 'address.json';

/** Writes down where the agent listens. Returns how to take that back. @throws VaisError `storage` */
export function writeAddressFile(dataFolder: string, { address, insecure }: AgentAddress): () => Promise<void> {
  const path = join(dataFolder, fileName);
  const local = address.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:');
  placeFile(path, `${JSON.stringify({ address: local, insecure })}\n`);
  return () => rm(path, { force: true });
}

/**
 * Where the agent of this data folder listens; of one that was killed, where it did.
 *
 * @throws VaisError `unreachable` when none runs there, `storage`
 */
export async function readAddressFile(dataFolder: string): Promise<AgentAddress> {
  const text = await readIfThere(join(dataFolder, fileName));
  if (text === undefined) throw new VaisError('unreachable', `no agent runs on ${dataFolder}`);
  try {
    const { address, insecure } = JSON.parse(text) as Partial<AgentAddress>;
    if (typeof address === 'string' && typeof insecure === 'boolean') return { address, insecure };
  } catch {
    // Said below.
  }
  throw new VaisError('storage', `${join(dataFolder, fileName)} cannot be read`, { hint: 'Start the agent again.' });
}
