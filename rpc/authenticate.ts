import type { X509Certificate } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { VaisError } from '../common/error.ts';
import type { Target } from './address.ts';
import type { KeyAndCertificate } from './certificate.ts';
import { Handshakes } from './handshakes.ts';

/** How long a peer may take for the TLS handshake, in milliseconds. */
const handshakeMs = 5_000;
/** How long a peer without a good certificate may stay: long enough to pair, or to be told why not. */
const guestMs = 10_000;
/** At most so many peers without a good certificate, and with one, at once. */
const maxGuests = 64;
const maxMembers = 512;
/** At most so many of them may be one developer's, so that nobody keeps the others out. */
const maxOfOne = 64;
/** How often it is looked whether the certificate of an open connection has expired. */
const expiryEveryMs = 10_000;

/** How the authenticator of an agent is set up. */
export interface AuthenticatorOptions {
  /** The certificate of the agent's authority, PEM. */
  readonly authority: string;
  readonly server: KeyAndCertificate;
  /** Who holds this certificate, which is valid and of our authority. @throws VaisError for one who may not come in */
  readonly admit: (certificate: X509Certificate) => string;
  /** Gets the connections of those who may come in, and of those who may not, each already encrypted. */
  readonly members: (socket: TLSSocket) => void;
  readonly guests: (socket: TLSSocket) => void;
}

interface Visitor {
  readonly socket: TLSSocket;
  /** Of a member. */
  readonly id?: string;
  readonly expires?: number;
  /** Why a guest is one. */
  readonly refusal?: VaisError;
}

/**
 * The authenticator of an agent: TLS 1.3 and nothing else. Who shows a certificate of the agent's authority comes in as a member;
 * everybody else is a guest, who can pair and is otherwise told why not.
 */
export class Authenticator {
  readonly #server: Server;
  readonly #options: AuthenticatorOptions;
  readonly #visitors = new Map<string, Visitor>();
  readonly #handshakes = new Handshakes();
  readonly #expiry: NodeJS.Timeout;

  private constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#server = createServer({
      ca: options.authority,
      key: options.server.key,
      cert: options.server.certificate + options.authority,
      minVersion: 'TLSv1.3',
      requestCert: true,
      rejectUnauthorized: false, // A guest has none; what a certificate is worth is decided below, with a reason.
      ALPNProtocols: ['h2'],
      handshakeTimeout: handshakeMs,
    });
    this.#server.prependListener('connection', (socket: Socket) => this.#handshakes.begin(socket));
    this.#server.on('secureConnection', (socket) => this.#meet(socket));
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#expiry = setInterval(() => this.#endExpired(), expiryEveryMs);
    this.#expiry.unref();
  }

  /** Opens the authenticator. @throws VaisError `busy` when the address is taken */
  static open(target: Target, options: AuthenticatorOptions): Promise<Authenticator> {
    const authenticator = new Authenticator(options);
    return new Promise((resolve, reject) => {
      authenticator.#server.once('error', (cause) => {
        clearInterval(authenticator.#expiry);
        reject(new VaisError('busy', `cannot listen on ${target.address}: ${cause.message}`, { cause }));
      });
      authenticator.#server.listen({ host: target.host, port: target.port }, () => {
        authenticator.#server.on('error', () => undefined); // Of accepting a connection: others come.
        resolve(authenticator);
      });
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Who is at the other end: the id of a member. @throws VaisError that says why it is a guest */
  memberAt(peer: string): string {
    const visitor = this.#visitors.get(peer);
    if (visitor?.id !== undefined) return visitor.id;
    throw visitor?.refusal ?? new VaisError('not_authorized', 'the connection has ended');
  }

  /** How many connections a member has. */
  countOf(id: string): number {
    return [...this.#visitors.values()].filter((visitor) => visitor.id === id).length;
  }

  /** Ends all connections of a member, whatever they are doing. Returns how many there were. */
  expel(id: string): number {
    const theirs = [...this.#visitors.values()].filter((visitor) => visitor.id === id);
    for (const { socket } of theirs) socket.destroy();
    return theirs.length;
  }

  /** Stops listening and ends all connections. Idempotent. */
  close(): void {
    clearInterval(this.#expiry);
    this.#server.close();
    this.#handshakes.close();
    for (const { socket } of this.#visitors.values()) socket.destroy();
  }

  #meet(socket: TLSSocket): void {
    const peer = this.#handshakes.end(socket);
    socket.on('error', () => undefined); // A broken connection is seen by its end.
    if (peer === undefined) return void socket.destroy();
    // A peer is known by its address and port alone. Where the agent has several addresses, one port of a peer can have
    // a connection to each: the second would pass for whoever has the first.
    if (this.#visitors.has(peer)) return void socket.destroy();
    const visitor = this.#judge(socket);
    const isMember = visitor.id !== undefined;
    if (isMember && this.countOf(visitor.id) >= maxOfOne) return void socket.destroy();
    const alike = [...this.#visitors.values()].filter(({ id }) => (id !== undefined) === isMember);
    // Guests make way for newer ones, so that nobody can keep the place where developers pair.
    if (!isMember && alike.length >= maxGuests) alike[0]?.socket.destroy();
    if (isMember && alike.length >= maxMembers) return void socket.destroy();
    this.#visitors.set(peer, visitor);
    const leave = isMember ? undefined : setTimeout(() => socket.destroy(), guestMs);
    socket.once('close', () => {
      clearTimeout(leave);
      this.#visitors.delete(peer);
    });
    (isMember ? this.#options.members : this.#options.guests)(socket);
  }

  #judge(socket: TLSSocket): Visitor {
    try {
      const certificate = socket.getPeerX509Certificate();
      if (certificate === undefined)
        throw new VaisError('not_authorized', 'the agent takes nothing from a client without a certificate');
      if (!socket.authorized) throw refusalOf(String(socket.authorizationError), certificate);
      const expires = Date.parse(certificate.validTo);
      // A TLS session that is resumed is not verified anew, and may be older than the certificate's end.
      if (expires < Date.now()) throw refusalOf('CERT_HAS_EXPIRED', certificate);
      return { socket, id: this.#options.admit(certificate), expires };
    } catch (thrown) {
      return { socket, refusal: VaisError.from(thrown) };
    }
  }

  #endExpired(): void {
    const now = Date.now();
    for (const { socket, expires } of this.#visitors.values())
      if (expires !== undefined && expires < now) socket.destroy();
  }
}

/** Why TLS did not accept a certificate, in our words. */
function refusalOf(code: string, { validFrom, validTo }: X509Certificate): VaisError {
  const now = `the agent’s clock says ${new Date().toISOString()}`;
  if (code === 'CERT_HAS_EXPIRED')
    return new VaisError('certificate_expired', `the certificate has expired: it held until ${validTo}, and ${now}`);
  if (code === 'CERT_NOT_YET_VALID')
    return new VaisError('certificate_too_early', `the certificate does not hold before ${validFrom}, and ${now}`);
  return new VaisError('not_authorized', 'the certificate is not one that this agent gave', {
    hint: 'If the agent was set up again, pair with a new token.',
  });
}
