import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { VaisError } from '../../common/error.ts';
import type { Manifest } from './manifest.ts';

/**
 * What a developer signs: an act, meant for one agent, once. docs/security.md spells the bytes out, so that others can
 * sign and check them too.
 */
export interface Stamp {
  /** Which of the developers' keys signed: see `keyIdOf`. */
  readonly keyId: string;
  /** The agent that shall do it: 32 hex digits. */
  readonly agentId: string;
  /** Grows with each act of a developer; what is not newer than the last is a replay. */
  readonly sequence: number;
  /** 32 hex digits by chance: no two acts are the same, and the audit log can name each. */
  readonly nonce: string;
  /** Milliseconds since 1970 on the developer's clock. For the log: nothing is decided by it. */
  readonly signedAt: number;
}

/** Asks for an earlier version's code. */
export interface RollbackAct {
  readonly program: string;
  readonly module: string;
  /** The version to go back to; 0 for the one before `parentVersion`. */
  readonly version: number;
  /** The version that was desired when this was asked for. */
  readonly parentVersion: number;
}

/** The bytes that are signed to push an image. */
export function pushStatement(manifest: Manifest, stamp: Stamp): Buffer {
  const { program, module, triple, digest, size, buildId, tier, parentVersion, refines = '' } = manifest;
  const image = [digest, size, buildId, tier, parentVersion, refines];
  const { group = '', groupSize = 0 } = manifest;
  return statement('vais-remote/push/v1', stamp, [program, module, triple, ...image, group, groupSize]);
}

/** The bytes that are signed to roll back. */
export function rollbackStatement({ program, module, version, parentVersion }: RollbackAct, stamp: Stamp): Buffer {
  return statement('vais-remote/rollback/v1', stamp, [program, module, version, parentVersion]);
}

/**
 * The bytes by which whoever pairs shows that the signing key is theirs.
 *
 * @param fingerprint SHA-256 of the certificate of the agent's authority
 * @param request SHA-256 of the signing request
 */
export function pairingStatement(fingerprint: string, request: string, name: string): Buffer {
  return encode(['vais-remote/pair/v1', fingerprint, request, name]);
}

/** Signs a statement with an Ed25519 key. */
export function signStatement(bytes: Buffer, key: KeyObject): Buffer {
  return sign(null, bytes, key);
}

/** Whether this key signed the statement. */
export function isSigned(bytes: Buffer, signature: Uint8Array, key: KeyObject): boolean {
  return signature.length === 64 && verify(null, bytes, key, signature);
}

/** An Ed25519 public key that came from a peer or a file. @throws VaisError `usage` for any other key */
export function readSigningKey(spki: Uint8Array): KeyObject {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Said below.
  }
  throw new VaisError('usage', 'this is no Ed25519 public key');
}

/** Names a public key: SHA-256 of its SubjectPublicKeyInfo, 64 hex digits. */
export function keyIdOf(key: KeyObject): string {
  return createHash('sha256').update(spkiOf(key)).digest('hex');
}

/** A public key as the bytes of its SubjectPublicKeyInfo. */
export function spkiOf(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'der' });
}

/**
 * A stamp that came from a peer, with each field checked.
 *
 * @throws VaisError `signature_invalid` for a field that is not as it must be
 */
export function validateStamp(value: { readonly [Field in keyof Stamp]?: unknown }): Stamp {
  const hex = (field: 'keyId' | 'agentId' | 'nonce', digits: number): string => {
    const text = value[field];
    if (typeof text === 'string' && text.length === digits && /^[0-9a-f]+$/.test(text)) return text;
    throw new VaisError('signature_invalid', `the signature's ${field} is not ${digits} lower-case hex digits`);
  };
  const whole = (field: 'sequence' | 'signedAt', least: number): number => {
    const number = value[field];
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= least) return number;
    throw new VaisError('signature_invalid', `the signature's ${field} is not a whole number from ${least}`);
  };
  return {
    keyId: hex('keyId', 64),
    agentId: hex('agentId', 32),
    sequence: whole('sequence', 1),
    nonce: hex('nonce', 32),
    signedAt: whole('signedAt', 0),
  };
}

function statement(domain: string, stamp: Stamp, fields: readonly (string | number)[]): Buffer {
  const { keyId, agentId, sequence, nonce, signedAt } = stamp;
  return encode([domain, agentId, keyId, sequence, nonce, signedAt, ...fields]);
}

/** Each field as text, after its length in four bytes, the highest first: no two lists of fields have the same bytes. */
function encode(fields: readonly (string | number)[]): Buffer {
  return Buffer.concat(
    fields.flatMap((field) => {
      const text = Buffer.from(String(field));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      return [length, text];
    }),
  );
}
