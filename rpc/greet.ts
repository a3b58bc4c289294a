import { X509Certificate } from 'node:crypto';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { VaisError } from '../common/error.ts';
import type { Target } from './address.ts';
import { agentIdOf, fingerprintOf, serverNameOf } from './certificate.ts';

/** How long an agent may take to show who it is, in milliseconds. */
const greetMs = 5_000;

/** What the agent at an address shows of itself, before anything is sent to it. */
export interface Greeting {
  readonly agentId: string;
  /** The certificate of its authority, PEM. */
  readonly authority: string;
  readonly fingerprint: Buffer;
}

/**
 * Asks whoever listens there for its certificate, and checks that it is that of an agent: signed by the authority that
 * it shows, valid now, and with the authority's name. Whether it is the *right* agent is for the caller to say, by the fingerprint.
 *
 * @throws VaisError `unreachable`, `identity_changed` when what it shows does not fit together, `certificate_expired`
 */
export async function greet(target: Target): Promise<Greeting> {
  const socket = await handshake(target);
  try {
    const shown = socket.getPeerCertificate(true);
    const [own, authority] = [certificateOf(shown), certificateOf(shown?.issuerCertificate)];
    if (own === undefined || authority === undefined) throw strange(target, 'it shows no authority');
    if (!own.checkIssued(authority) || !own.verify(authority.publicKey) || !authority.verify(authority.publicKey))
      throw strange(target, 'its certificate is not signed by the authority that it shows');
    const pem = authority.toString();
    const agentId = agentIdOf(pem);
    if (own.checkHost(serverNameOf(agentId)) === undefined)
      throw strange(target, 'its certificate is for another name');
    return { agentId, authority: pem, fingerprint: fingerprintOf(authority) };
  } finally {
    socket.destroy();
  }
}

/** Why plain text did not get through: where an agent listens that speaks TLS, one has to be paired with it. */
export async function whyNotPlain(target: Target, error: VaisError): Promise<VaisError> {
  try {
    await greet(target);
  } catch {
    return error;
  }
  const message = `the agent at ${target.address} listens to those who are paired with it, and this machine is not`;
  return new VaisError('not_authorized', message, { cause: error });
}

function handshake({ host, port, address, dial = address }: Target): Promise<TLSSocket> {
  const colon = dial.lastIndexOf(':');
  const where = dial.startsWith('unix:')
    ? { path: dial.slice('unix:'.length) }
    : dial === address
      ? { host, port }
      : { host: dial.slice(0, colon), port: Number(dial.slice(colon + 1)) };
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...where,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false, // Who it is follows from the fingerprint, which the caller compares.
      timeout: greetMs,
    });
    const fail = (message: string, cause?: unknown): void => {
      socket.destroy();
      reject(new VaisError('unreachable', message, cause === undefined ? {} : { cause }));
    };
    socket.once('secureConnect', () => resolve(socket));
    socket.once('timeout', () => fail(`what listens at ${address} did not answer in time`));
    socket.once('error', (cause: Error & { code?: string }) => {
      if (cause.code === 'ECONNREFUSED') return fail(`no agent answers at ${address}: connection refused`, cause);
      if (cause.code === 'ECONNRESET' || cause.code?.startsWith('ERR_SSL') === true)
        return fail(`what listens at ${address} does not speak TLS 1.3 as an agent does`, cause);
      return fail(`no agent answers at ${address}: ${cause.message}`, cause);
    });
  });
}

function certificateOf(shown: Pick<DetailedPeerCertificate, 'raw'> | undefined): X509Certificate | undefined {
  return shown?.raw === undefined ? undefined : new X509Certificate(shown.raw);
}

function strange({ address }: Target, why: string): VaisError {
  return new VaisError('identity_changed', `what listens at ${address} is no agent: ${why}`);
}
