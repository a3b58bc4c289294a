import { VaisError } from '../common/error.ts';

/** What a pairing token says: where the agent is, how to know it, and the secret that lets one developer in. */
export interface PairingToken {
  /** `HOST:PORT`, as far as the agent knows its own address. */
  readonly address: string;
  /** SHA-256 of the certificate of the agent's authority: so the first contact is safe already. */
  readonly fingerprint: Buffer;
  /** 16 random bytes. */
  readonly secret: Buffer;
}

const prefix = 'vais1-';
export const secretBytes = 16;
const fingerprintBytes = 32;
const maxAddressBytes = 260;

/** The token as one word: `vais1-` and base64url of secret, fingerprint and address. */
export function formatToken({ address, fingerprint, secret }: PairingToken): string {
  return prefix + Buffer.concat([secret, fingerprint, Buffer.from(address)]).toString('base64url');
}

/** @throws VaisError `usage` for what is no token */
export function parseToken(text: string): PairingToken {
  const wrong = (why: string): VaisError =>
    new VaisError('usage', `this is no pairing token: ${why}`, {
      hint: 'Copy it whole, from `vais1-` to its end, as the agent printed it.',
    });
  if (!text.startsWith(prefix)) throw wrong('it does not begin with `vais1-`');
  const encoded = text.slice(prefix.length);
  if (!/^[\w-]+$/.test(encoded)) throw wrong('it holds other characters than letters, digits, - and _');
  const bytes = Buffer.from(encoded, 'base64url');
  const start = secretBytes + fingerprintBytes;
  if (bytes.length <= start || bytes.length > start + maxAddressBytes) throw wrong('it is cut off or too long');
  const address = bytes.subarray(start).toString();
  if (!/^[\x21-\x7e]+$/.test(address)) throw wrong('there is no address in it');
  return { secret: bytes.subarray(0, secretBytes), fingerprint: bytes.subarray(secretBytes, start), address };
}
