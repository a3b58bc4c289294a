import { X509Certificate } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import { openSecretFolder, readSecret, writeSecret } from '../../common/secret-file.ts';

/** An agent that this developer is paired with. One file holds all of it, so that key and certificate change together. */
export interface PairedTarget {
  readonly format: 1;
  /** What `--to` takes. */
  readonly name: string;
  /** `HOST:PORT`. */
  readonly address: string;
  readonly agentId: string;
  /** The certificate of the agent's authority, PEM. */
  readonly authority: string;
  /** The developer's certificate for this agent and the key to it, PEM. */
  readonly certificate: string;
  readonly key: string;
  /** What the agent calls the developer. */
  readonly developer: string;
  /** The programs that the developer may touch there; empty: all. */
  readonly programs: readonly string[];
}

/**
 * Where a developer's keys and targets stand: `$XDG_CONFIG_HOME/vais-remote`, else `~/.config/vais-remote`; on Windows
 * `%APPDATA%\vais-remote`.
 */
export function configFolder(env: Readonly<Record<string, string | undefined>>): string {
  const ofWindows = process.platform === 'win32' ? env['APPDATA'] : undefined;
  const base = env['XDG_CONFIG_HOME'] || ofWindows || join(env['HOME'] || env['USERPROFILE'] || '.', '.config');
  return join(base, 'vais-remote');
}

/** The agents that this developer is paired with: a file each, named by the hash of the target's name. */
export class TargetStore {
  readonly #folder: string;

  constructor(config: string) {
    this.#folder = join(config, 'targets');
  }

  /** The target of this name. @throws VaisError `key_exposed`, `storage` */
  async find(name: string): Promise<PairedTarget | undefined> {
    return this.#read(this.#path(name));
  }

  /** The target that was paired at this address. */
  async at(address: string): Promise<PairedTarget | undefined> {
    return (await this.list()).find((target) => target.address === address);
  }

  /** All targets, by name. @throws VaisError `key_exposed`, `storage` */
  async list(): Promise<PairedTarget[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const files = names.filter((name) => /^[0-9a-f]{32}\.json$/.test(name));
    const targets = await Promise.all(files.map((name) => this.#read(join(this.#folder, name))));
    return targets.filter((target) => target !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Adds a target, or replaces the one of its name. @throws VaisError `storage` */
  async save(target: PairedTarget): Promise<void> {
    await openSecretFolder(this.#folder);
    await writeSecret(this.#path(target.name), `${JSON.stringify(target, null, 1)}\n`);
  }

  /** Forgets a target. Returns whether there was one. */
  async remove(name: string): Promise<boolean> {
    const there = (await this.find(name)) !== undefined;
    await rm(this.#path(name), { force: true });
    return there;
  }

  async #read(path: string): Promise<PairedTarget | undefined> {
    const text = await readSecret(path);
    if (text === undefined) return undefined;
    try {
      const target = JSON.parse(text) as Partial<PairedTarget> | null;
      if (target?.format === 1 && isWhole(target)) return target as PairedTarget;
    } catch {
      // Said below.
    }
    throw new VaisError('storage', `${path} cannot be read: it is damaged, or of another version of vais-remote`, {
      hint: 'Remove it and pair again.',
    });
  }

  #path(name: string): string {
    return join(this.#folder, `${digestOf(name).slice(0, 32)}.json`);
  }
}

/** When the certificate of a target begins and ends, milliseconds since 1970. */
export function validityOf({ certificate }: PairedTarget): { readonly from: number; readonly until: number } {
  const { validFrom, validTo } = new X509Certificate(certificate);
  return { from: Date.parse(validFrom), until: Date.parse(validTo) };
}

function isWhole(target: Partial<PairedTarget>): boolean {
  const { name, address, agentId, authority, certificate, key, developer, programs } = target;
  const texts = [name, address, agentId, authority, certificate, key, developer];
  return texts.every((text) => typeof text === 'string') && Array.isArray(programs);
}
