import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  keyIdOf,
  pushStatement,
  type RollbackAct,
  rollbackStatement,
  type Stamp,
  signStatement,
} from '../../artifact/act/act.ts';
import type { Manifest } from '../../artifact/act/manifest.ts';
import { VaisError } from '../../common/error.ts';
import { openSecretFolder, readSecret, writeSecret } from '../../common/secret-file.ts';
import type { Signature } from '../../rpc/gen/vais/remote/v1/Signature.ts';

const keyFile = 'developer.pem';

/** The developer's signing key; made when there is none yet. @throws VaisError `key_exposed`, `storage` */
export async function openSigningKey(config: string): Promise<KeyObject> {
  await openSecretFolder(config);
  const path = join(config, keyFile);
  const text = await readSecret(path);
  if (text === undefined) {
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeSecret(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    return privateKey;
  }
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Said below.
  }
  throw new VaisError('storage', `${path} holds no Ed25519 key`, { hint: 'Remove it and pair again with all agents.' });
}

/** What a signature has to go by: the agent's id, and the number that the developer's next act has to exceed. */
export interface SigningState {
  readonly agentId: string;
  readonly lastSequence: number;
}

/** Signs the acts of one developer. */
export class Signer {
  readonly #key: KeyObject;
  readonly #keyId: string;
  readonly #agentId: string;
  #last = 0;

  /** @param agentId the agent that was paired: acts are signed for it, whoever answers */
  constructor(key: KeyObject, agentId: string) {
    this.#key = key;
    this.#keyId = keyIdOf(key);
    this.#agentId = agentId;
  }

  /** Signs a push. @param state what the agent said last */
  push(manifest: Manifest, state: SigningState): Signature {
    return this.#sign(state, (stamp) => pushStatement(manifest, stamp));
  }

  /** Signs a rollback. */
  rollback(act: RollbackAct, state: SigningState): Signature {
    return this.#sign(state, (stamp) => rollbackStatement(act, stamp));
  }

  #sign({ lastSequence }: SigningState, statement: (stamp: Stamp) => Buffer): Signature {
    const signedAt = Date.now();
    // The time in microseconds, so that two commands at once do not meet; higher than the last, so that no clock matters.
    this.#last = Math.max(
      Math.floor(signedAt * 1000 + (performance.now() % 1) * 1000),
      lastSequence + 1,
      this.#last + 1,
    );
    const nonce = randomBytes(16).toString('hex');
    const stamp = { keyId: this.#keyId, agentId: this.#agentId, sequence: this.#last, nonce, signedAt };
    const signature = signStatement(statement(stamp), this.#key);
    const { keyId, agentId, sequence } = stamp;
    return { keyId, agentId, sequence, nonce, signedAtUnixMs: signedAt, signature };
  }
}
