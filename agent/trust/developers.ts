import type { KeyObject } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { keyIdOf, readSigningKey, spkiOf } from '../../artifact/act/act.ts';
import { isName } from '../../artifact/contract/name.ts';
import { VaisError } from '../../common/error.ts';
import { damaged, seal, unseal } from '../../common/sealed.ts';
import { readSecret, writeSecret } from '../../common/secret-file.ts';

/** Where the developers of an agent stand in its data folder. */
export const developersFile = 'developers.json';

/** Somebody who may give an agent code. */
export interface Developer {
  /** 32 hex digits: the subject of their certificates. */
  readonly id: string;
  readonly name: string;
  /** Names `signingKey`: see `keyIdOf`. */
  readonly keyId: string;
  /** The Ed25519 public key as SubjectPublicKeyInfo, base64. */
  readonly signingKey: string;
  /** The programs that they may touch; empty: all. */
  readonly programs: readonly string[];
  /** Milliseconds since 1970, as all times here. */
  readonly pairedAt: number;
  /** When their newest certificate ends. */
  readonly expiresAt: number;
  readonly revokedAt?: number;
}

interface DevelopersFile {
  readonly format: 2;
  /** The agent whose authority signed their certificates. */
  readonly agentId: string;
  readonly developers: readonly Developer[];
}

/** What to do about a damaged file without which an agent does not know whom to trust. */
export const damagedHint =
  'Restore it from a backup. Without one: `vais-remote agent new-identity --data DIR`, and everybody pairs again.';

/** More than this are not kept; those who were revoked first are forgotten first. */
const maxDevelopers = 1_000;

/** The developers that an agent knows. Revoked ones stay in the list, so that they are told so. */
export class DeveloperStore {
  readonly #path: string;
  readonly #agentId: string;
  readonly #keys = new Map<string, KeyObject>();
  #developers: readonly Developer[];

  private constructor(path: string, agentId: string, developers: readonly Developer[]) {
    this.#path = path;
    this.#agentId = agentId;
    this.#developers = developers;
  }

  /**
   * Opens the store in an agent's data folder.
   *
   * @param agentId the agent's identity; undefined: whichever the store is of, for a look at it
   * @throws VaisError `identity_lost` when its developers were paired with another identity, `damaged`, `wrong_format`,
   * `storage`: an agent that forgot whom it revoked would be worse than none
   */
  static async open(dataFolder: string, agentId: string | undefined): Promise<DeveloperStore> {
    const path = join(dataFolder, developersFile);
    const text = await readSecret(path);
    if (text === undefined) {
      const store = new DeveloperStore(path, agentId ?? '', []);
      if (agentId !== undefined) await store.#save([]);
      return store;
    }
    const file = parseFile(path, text);
    if (agentId !== undefined && file.agentId !== agentId)
      throw new VaisError('identity_lost', `the developers in ${path} were paired with another identity than this one`);
    return new DeveloperStore(path, file.agentId, file.developers);
  }

  get all(): readonly Developer[] {
    return this.#developers;
  }

  /** The developer with this id. @throws VaisError `not_authorized` for nobody's, `revoked` */
  require(id: string): Developer {
    const found = this.#developers.find((developer) => developer.id === id);
    if (found === undefined) throw new VaisError('not_authorized', 'the agent does not know this developer any more');
    return notRevoked(found);
  }

  /** Whose signing key this is, and the key. @throws VaisError `signature_invalid` for nobody's, `revoked` */
  signer(keyId: string): { readonly developer: Developer; readonly key: KeyObject } {
    const found =
      this.#developers.find((developer) => developer.keyId === keyId && developer.revokedAt === undefined) ??
      this.#developers.find((developer) => developer.keyId === keyId);
    if (found === undefined)
      throw new VaisError('signature_invalid', 'it is signed by somebody whom the agent does not know');
    const key = this.#keys.get(keyId) ?? readSigningKey(Buffer.from(found.signingKey, 'base64'));
    this.#keys.set(keyId, key);
    return { developer: notRevoked(found), key };
  }

  /**
   * Takes a developer in. Whoever paired with this key before is replaced.
   *
   * @throws VaisError `usage` when another one has the name, `storage`
   */
  async add(what: Pick<Developer, 'name' | 'programs' | 'expiresAt'>, signingKey: KeyObject): Promise<Developer> {
    this.requireFree(what.name, signingKey);
    const developer: Developer = {
      ...what,
      id: randomBytes(16).toString('hex'),
      keyId: keyIdOf(signingKey),
      signingKey: spkiOf(signingKey).toString('base64'),
      pairedAt: Date.now(),
    };
    const others = this.#developers.filter(({ keyId, name }) => keyId !== developer.keyId && name !== developer.name);
    await this.#save([...others, developer]);
    return developer;
  }

  /** @throws VaisError `usage` when the name cannot be one or is another developer's */
  requireFree(name: string, signingKey: KeyObject): void {
    if (!isName(name)) throw new VaisError('usage', 'this cannot be the name of a developer', { hint: nameHint });
    const keyId = keyIdOf(signingKey);
    const taken = this.#developers.some(
      (other) => other.name === name && other.keyId !== keyId && other.revokedAt === undefined,
    );
    if (taken) throw new VaisError('usage', `another developer of this agent is called ${name}`, { hint: nameHint });
  }

  /** Notes until when the newest certificate of a developer holds. @throws VaisError `storage` */
  async renewed(id: string, expiresAt: number): Promise<void> {
    await this.#save(this.#developers.map((each) => (each.id === id ? { ...each, expiresAt } : each)));
  }

  /** Takes a developer's rights. @throws VaisError `usage` when there is none of this name, `storage` */
  async revoke(name: string): Promise<Developer> {
    const found = this.#developers.find((developer) => developer.name === name);
    if (found === undefined) {
      const names = this.#developers.map((developer) => developer.name).join(', ') || 'nobody';
      throw new VaisError('usage', `no developer is called ${name}; paired: ${names}`, { hint: 'See `developers`.' });
    }
    const revoked = { ...found, revokedAt: found.revokedAt ?? Date.now() };
    await this.#save(this.#developers.map((each) => (each === found ? revoked : each)));
    return revoked;
  }

  async #save(developers: readonly Developer[]): Promise<void> {
    const [active, revoked] = [developers.filter(isActive), developers.filter((each) => !isActive(each))];
    if (active.length > maxDevelopers)
      throw new VaisError('too_many', `an agent has at most ${maxDevelopers} developers`, {
        hint: 'Revoke those who are not needed any more.',
      });
    const kept = [...revoked.slice(-(maxDevelopers - active.length) || revoked.length), ...active];
    const before = this.#developers;
    this.#developers = kept; // At once, so that a revocation holds also where the disk is full.
    try {
      const file: DevelopersFile = { format: 2, agentId: this.#agentId, developers: kept };
      await writeSecret(this.#path, seal(file));
    } catch (thrown) {
      // Not where somebody else was taken in or revoked meanwhile: that would be undone as well.
      const isLast = this.#developers === kept;
      if (isLast && kept.filter(isActive).length >= before.filter(isActive).length) this.#developers = before;
      throw thrown;
    }
  }
}

const nameHint =
  'Name yourself: `vais-remote pair TOKEN --developer NAME`, 1 to 128 bytes without / or control characters.';

function isActive({ revokedAt }: Developer): boolean {
  return revokedAt === undefined;
}

function notRevoked(developer: Developer): Developer {
  if (developer.revokedAt === undefined) return developer;
  const when = new Date(developer.revokedAt).toISOString();
  throw new VaisError('revoked', `the rights of ${developer.name} on this agent were revoked at ${when}`);
}

function parseFile(path: string, text: string): DevelopersFile {
  try {
    const file = unseal(path, text, 2) as unknown as Partial<DevelopersFile>;
    const right = typeof file.agentId === 'string' && Array.isArray(file.developers);
    if (right && file.developers?.every(isDeveloper)) return file as DevelopersFile;
    throw damaged(path, 'it does not say what it should');
  } catch (thrown) {
    const error = VaisError.from(thrown);
    if (error.code !== 'damaged') throw error;
    throw new VaisError('damaged', error.message, { hint: damagedHint, cause: thrown });
  }
}

function isDeveloper(value: Partial<Developer> | null): boolean {
  if (value === null || !Array.isArray(value.programs) || !value.programs.every((name) => typeof name === 'string'))
    return false;
  const texts = [value.id, value.name, value.keyId, value.signingKey];
  const times = [value.pairedAt, value.expiresAt, value.revokedAt ?? 0];
  return texts.every((text) => typeof text === 'string') && times.every(Number.isSafeInteger);
}
