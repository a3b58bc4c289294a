import { createPrivateKey, sign, verify, X509Certificate } from 'node:crypto';
import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VaisError } from '../../common/error.ts';
import { openSecretFolder, readSecret, writeSecret } from '../../common/secret-file.ts';
import { agentIdOf, fingerprintOf, issueServer, type KeyAndCertificate, makeAuthority } from '../../rpc/certificate.ts';
import { developersFile } from './developers.ts';
import { actsFile } from './ledger.ts';

/** Who an agent is: its authority signs its own certificate and those of its developers. */
export interface Identity {
  readonly agentId: string;
  readonly authority: KeyAndCertificate;
  readonly server: KeyAndCertificate;
  /** SHA-256 of the authority's certificate: what a pairing token carries. */
  readonly fingerprint: Buffer;
  /** True when it was made just now. */
  readonly isNew: boolean;
}

const folderName = 'identity';
const authorityFile = 'authority.pem';
const serverFile = 'server.pem';

/** The file with the key and the certificate of the agent's authority. */
export function authorityPath(dataFolder: string): string {
  return join(dataFolder, folderName, authorityFile);
}

/**
 * The identity in an agent's data folder; made when there never was one.
 *
 * @throws VaisError `identity_lost` when there was one and its key is gone or broken, `key_exposed`, `storage`
 */
export async function openIdentity(dataFolder: string): Promise<Identity> {
  const folder = join(dataFolder, folderName);
  await openSecretFolder(folder);
  const path = authorityPath(dataFolder);
  const text = await readSecret(path);
  if (text === undefined && (await exists(join(dataFolder, developersFile)))) throw lost(path, 'is gone');
  const isNew = text === undefined;
  const authority = text === undefined ? await makeAuthority() : readPair(text);
  if (authority === undefined || !isSignedBy(authority, new X509Certificate(authority.certificate)))
    throw lost(path, 'holds no key with its certificate');
  if (isNew) await writeSecret(path, joinPair(authority));
  const server = await openServer(join(folder, serverFile), authority);
  const fingerprint = fingerprintOf(new X509Certificate(authority.certificate));
  return { agentId: agentIdOf(authority.certificate), authority, server, fingerprint, isNew };
}

/**
 * Sets the identity, the developers and their acts of a data folder aside, so that the next start makes new ones. Returns the names
 * of what was set aside. No agent may run on the folder.
 */
export async function setIdentityAside(dataFolder: string): Promise<string[]> {
  const suffix = `.old-${Date.now()}`;
  const moved: string[] = [];
  for (const name of [folderName, developersFile, actsFile]) {
    if (!(await exists(join(dataFolder, name)))) continue;
    await rename(join(dataFolder, name), join(dataFolder, name + suffix));
    moved.push(name + suffix);
  }
  return moved;
}

/** The agent's own certificate follows from its authority: what is not right about it is mended by a new one. */
async function openServer(path: string, authority: KeyAndCertificate): Promise<KeyAndCertificate> {
  const text = await readSecret(path);
  const there = text === undefined ? undefined : readPair(text);
  const issuer = new X509Certificate(authority.certificate);
  if (there !== undefined && isSignedBy(there, issuer)) return there;
  const made = await issueServer(authority);
  await writeSecret(path, joinPair(made));
  return made;
}

/** Key and certificate stand in one file, so that they are replaced together. */
function joinPair({ key, certificate }: KeyAndCertificate): string {
  return `${key.trim()}\n${certificate.trim()}\n`;
}

function readPair(text: string): KeyAndCertificate | undefined {
  const key = /-----BEGIN PRIVATE KEY-----[^-]*-----END PRIVATE KEY-----\n/.exec(text)?.[0];
  const certificate = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/.exec(text)?.[0];
  if (key === undefined || certificate === undefined) return undefined;
  try {
    // A key with a flipped bit may still name the right public half: so it has to sign something.
    const [secret, { publicKey }] = [createPrivateKey(key), new X509Certificate(certificate)];
    const probe = Buffer.from('vais-remote');
    return verify('sha256', probe, publicKey, sign('sha256', probe, secret)) ? { key, certificate } : undefined;
  } catch {
    return undefined;
  }
}

function isSignedBy({ certificate }: KeyAndCertificate, issuer: X509Certificate): boolean {
  return new X509Certificate(certificate).verify(issuer.publicKey);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

function lost(path: string, what: string): VaisError {
  return new VaisError('identity_lost', `the agent’s identity is lost: ${path} ${what}`, {
    hint:
      'Restore that file from a backup. Without one: `vais-remote agent new-identity --data DIR`, ' +
      'after which every developer has to pair again.',
  });
}
