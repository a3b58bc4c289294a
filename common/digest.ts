import { createHash } from 'node:crypto';

declare const digestBrand: unique symbol;

/** SHA-256 of some bytes, as 64 lower-case hex digits. Names an image. */
export type Digest = string & { readonly [digestBrand]: true };

/** The digest of these bytes. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return createHash('sha256').update(bytes).digest('hex') as Digest;
}

/** The text as a digest, or undefined when it is not 64 lower-case hex digits. */
export function parseDigest(text: string): Digest | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? (text as Digest) : undefined;
}
