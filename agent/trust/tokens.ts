import { randomBytes } from 'node:crypto';
import { digestOf } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import { secretBytes } from '../../rpc/token.ts';

/** What whoever pairs with a token gets. */
export interface Grant {
  /** What the developer is called; undefined: as they say. */
  readonly developer?: string;
  /** The programs that they may touch; empty: all. */
  readonly programs: readonly string[];
}

interface Entry {
  readonly grant: Grant;
  /** `performance.now()`: a clock that is set back makes no token live longer. */
  readonly endsAt: number;
  state: 'open' | 'used';
}

/** How long a token holds unless it is said otherwise, and at most, in seconds. */
export const tokenSeconds = { usual: 600, most: 86_400 };
/** At most so many are remembered, the used and expired ones included, which tells those from wrong ones. */
const maxTokens = 256;

/**
 * The pairing tokens that are out. Kept in memory only: a restart of the agent ends them all. Only the hash of a secret
 * is kept, and looking that up takes no longer for a secret that is nearly right.
 */
export class Tokens {
  readonly #entries = new Map<string, Entry>();

  /** A new secret for one pairing. */
  make(grant: Grant, seconds: number): Buffer {
    const secret = randomBytes(secretBytes);
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size >= maxTokens) this.#entries.delete(oldest);
    this.#entries.set(digestOf(secret), { grant, endsAt: performance.now() + seconds * 1000, state: 'open' });
    return secret;
  }

  /** What this secret grants. @throws VaisError `token_refused` that says whether it is wrong, used or expired */
  look(secret: Uint8Array): Grant {
    return this.#find(secret).grant;
  }

  /** Uses the secret up. @throws as `look` */
  use(secret: Uint8Array): Grant {
    const entry = this.#find(secret);
    entry.state = 'used';
    return entry.grant;
  }

  #find(secret: Uint8Array): Entry {
    const entry = this.#entries.get(digestOf(secret));
    if (entry === undefined) throw new VaisError('token_refused', 'the agent has given no such token since it started');
    if (entry.state === 'used')
      throw new VaisError('token_refused', 'this token was used already; each is for one pairing', {
        hint: 'If that was not you: see `vais-remote agent developers`, and end them with `vais-remote agent revoke NAME`.',
      });
    if (entry.endsAt <= performance.now()) throw new VaisError('token_refused', 'this token has expired');
    return entry;
  }
}
