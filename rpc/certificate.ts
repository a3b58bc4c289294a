import { createHash, createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { VaisError } from '../common/error.ts';

/** A private key and the certificate for it, both as PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

/** From when until when a certificate holds. */
export interface Validity {
  readonly from: Date;
  readonly until: Date;
}

/**
 * P-256: all that speak TLS 1.3 know it. Signatures of manifests are Ed25519, with a key of their own: see
 * `artifact/act/act.ts`.
 */
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const serverAuth = '1.3.6.1.5.5.7.3.1';
const clientAuth = '1.3.6.1.5.5.7.3.2';
/** Agents may start with a clock that is years behind, so their own certificates hold from a fixed day on. */
const epoch = new Date('2020-01-01T00:00:00Z');
const farFuture = new Date('2120-01-01T00:00:00Z');
/** The longest signing request that is read, in bytes. */
const maxRequestBytes = 4_096;

/** Makes the authority of an agent: what signs its own certificate and those of its developers. */
export async function makeAuthority(): Promise<KeyAndCertificate> {
  const x509 = await library();
  const keys = await generate();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: 'CN=vais-remote agent authority',
    notBefore: epoch,
    notAfter: farFuture,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: await exportKey(keys.privateKey), certificate: pemOf(certificate) };
}

/** Makes the certificate with which the agent of this authority serves. */
export async function issueServer(authority: KeyAndCertificate): Promise<KeyAndCertificate> {
  const keys = await generate();
  const name = serverNameOf(agentIdOf(authority.certificate));
  const certificate = await issue(
    authority,
    keys.publicKey,
    `CN=${name}`,
    { from: epoch, until: farFuture },
    serverAuth,
    name,
  );
  return { key: await exportKey(keys.privateKey), certificate };
}

/**
 * Makes a developer's certificate. What the request says of itself is not looked at, but that whoever made it has the key.
 *
 * @param developer the id that the agent gave to the developer; it becomes the certificate's subject
 * @throws VaisError `usage` when the request is none
 */
export async function issueClient(
  authority: KeyAndCertificate,
  request: Uint8Array,
  developer: string,
  validity: Validity,
): Promise<string> {
  const x509 = await library();
  let key: webcrypto.CryptoKey;
  try {
    if (request.length > maxRequestBytes) throw new Error('it is too long');
    const parsed = new x509.Pkcs10CertificateRequest(Uint8Array.from(request));
    if (!(await parsed.verify(webcrypto))) throw new Error('its signature is wrong');
    key = await parsed.publicKey.export(algorithm, ['verify'], webcrypto);
  } catch (thrown) {
    throw new VaisError('usage', 'this is no signing request for a P-256 key', { cause: thrown });
  }
  return issue(authority, key, `CN=${developer}`, validity, clientAuth);
}

/** Makes a key and the request to have it certified. */
export async function makeRequest(): Promise<{ readonly key: string; readonly request: Buffer }> {
  const x509 = await library();
  const keys = await generate();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=vais-remote developer',
    keys,
    signingAlgorithm: algorithm,
  });
  return { key: await exportKey(keys.privateKey), request: Buffer.from(request.rawData) };
}

/** Names an agent: the first half of the SHA-256 of its authority's public key, as 32 hex digits. */
export function agentIdOf(authority: string): string {
  const spki = new X509Certificate(authority).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex').slice(0, 32);
}

/** SHA-256 of a certificate. */
export function fingerprintOf(certificate: X509Certificate): Buffer {
  return createHash('sha256').update(certificate.raw).digest();
}

/** The name in an agent's certificate. An agent is known by its authority, not by where it happens to be reached. */
export function serverNameOf(agentId: string): string {
  return `${agentId}.agent.vais-remote.invalid`;
}

/** The developer's id in a certificate that `issueClient` made. */
export function developerIdOf(certificate: X509Certificate): string | undefined {
  return /^CN=([0-9a-f]{32})$/.exec(certificate.subject)?.[1];
}

async function issue(
  authority: KeyAndCertificate,
  publicKey: webcrypto.CryptoKey,
  subject: string,
  { from, until }: Validity,
  usage: string,
  dnsName?: string,
): Promise<string> {
  const x509 = await library();
  const issuer = new x509.X509Certificate(authority.certificate);
  const pkcs8 = createPrivateKey(authority.key).export({ type: 'pkcs8', format: 'der' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject,
    issuer: issuer.subject,
    notBefore: from,
    notAfter: until,
    signingAlgorithm: algorithm,
    publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage], true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(dnsName === undefined ? [] : [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: dnsName }])]),
    ],
  });
  return pemOf(certificate);
}

/** Loaded when it is needed: it takes 150 ms, and most commands make no certificate. */
async function library() {
  await import('reflect-metadata'); // The library needs it to be there first.
  return import('@peculiar/x509');
}

function generate(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

/** 127 random bits: positive, as a serial number must be. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

/** The library leaves out the last line's end, without which PEM files cannot be put together. */
function pemOf(certificate: { toString(format: 'pem'): string }): string {
  return `${certificate.toString('pem').trim()}\n`;
}
