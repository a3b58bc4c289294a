/**
 * Who may give this agent code: its identity, the developers that it knows, and the tokens by which new ones come.
 * `authorize.ts` is where that is held against what arrives.
 */
import type { X509Certificate } from 'node:crypto';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { validateName } from '../../artifact/contract/name.ts';
import { VaisError } from '../../common/error.ts';
import type { Target } from '../../rpc/address.ts';
import { developerIdOf } from '../../rpc/certificate.ts';
import type { AgentServiceHandlers } from '../../rpc/gen/vais/remote/v1/AgentService.ts';
import { type MemberOf, type SecureServer, serveSecurely } from '../../rpc/secure-server.ts';
import { formatToken } from '../../rpc/token.ts';
import type { AuditLog } from './audit.ts';
import type { AuditEvent, AuditFields } from './audit-entry.ts';
import type { Signers } from './authorize.ts';
import { type Developer, DeveloperStore } from './developers.ts';
import { type Identity, openIdentity } from './identity.ts';
import { Ledger } from './ledger.ts';
import type { Caller, CallerOf } from './limits.ts';
import { identityService, pairService } from './pairing.ts';
import { Rate } from './rate.ts';
import { type Grant, Tokens, tokenSeconds } from './tokens.ts';

/** How the trust of an agent is set up. */
export interface TrustOptions {
  /** Where the agent is reached from elsewhere, for the tokens; undefined: what it listens on. */
  readonly advertise?: string;
  /** How long a developer's certificate holds, in milliseconds; 30 days unless given. */
  readonly certificateMs?: number;
}

/** All that an agent knows of those who may give it code. */
export class Trust implements Signers {
  readonly identity: Identity;
  readonly developers: DeveloperStore;
  readonly ledger: Ledger;
  readonly #audit: AuditLog;
  readonly #options: TrustOptions;
  readonly #tokens = new Tokens();
  readonly #refusals = new Rate(20, 1 / 6);
  #server: SecureServer | undefined;
  #address = '';

  private constructor(
    identity: Identity,
    developers: DeveloperStore,
    ledger: Ledger,
    audit: AuditLog,
    options: TrustOptions,
  ) {
    this.identity = identity;
    this.developers = developers;
    this.ledger = ledger;
    this.#audit = audit;
    this.#options = options;
  }

  /** Opens or makes what is in the data folder. @throws VaisError `identity_lost`, `key_exposed`, `storage` */
  static async open(dataFolder: string, audit: AuditLog, options: TrustOptions): Promise<Trust> {
    const identity = await openIdentity(dataFolder);
    const developers = await DeveloperStore.open(dataFolder, identity.agentId);
    const ledger = await Ledger.open(dataFolder);
    if (identity.isNew) await audit.append('identity_made', { agentId: identity.agentId });
    return new Trust(identity, developers, ledger, audit, options);
  }

  get agentId(): string {
    return this.identity.agentId;
  }

  /** Serves on this address. @throws VaisError `busy` */
  async serve(target: Target, agentHandlers: (callerOf: CallerOf) => AgentServiceHandlers): Promise<SecureServer> {
    const { identity, developers } = this;
    const { certificateMs = 30 * 86_400_000 } = this.#options;
    const deps = { certificateMs, identity, developers, tokens: this.#tokens, audit: this.#audit };
    const handlersFor = (memberOf: MemberOf) => ({
      agent: agentHandlers((call) => this.#callerOf(memberOf(call))),
      identity: identityService(memberOf, deps),
      pair: pairService(deps),
    });
    const admit = (certificate: X509Certificate) => developers.require(developerIdOf(certificate) ?? '').id;
    const { authority, server } = identity;
    const onRefused = (address: string, { code, message }: VaisError) => {
      // A flood of strangers shall not fill the disk.
      if (this.#refusals.take()) void this.#note('connection_refused', { address, code, message });
    };
    const how = { authority: authority.certificate, server, admit, onRefused };
    this.#server = await serveSecurely(target, handlersFor, how);
    this.#address = this.#options.advertise ?? reachable(target.host, this.#server.port);
    return this.#server;
  }

  /** A token for one pairing. @throws VaisError `usage` for names or a time that cannot be */
  async makeToken(grant: Grant, seconds: number): Promise<{ readonly token: string; readonly seconds: number }> {
    const holds = seconds === 0 ? tokenSeconds.usual : seconds;
    if (holds < 1 || holds > tokenSeconds.most)
      throw new VaisError('usage', `a token holds from 1 second to ${tokenSeconds.most}, and not ${seconds}`);
    if (grant.developer !== undefined) validateName('developer', grant.developer);
    for (const program of grant.programs) validateName('program', program);
    await this.#audit.append('token_made', { ...grant, seconds: holds });
    const secret = this.#tokens.make(grant, holds);
    return {
      token: formatToken({ address: this.#address, fingerprint: this.identity.fingerprint, secret }),
      seconds: holds,
    };
  }

  /** Takes a developer's rights and ends their connections, whatever those are doing. @throws VaisError `usage`, `storage` */
  async revoke(name: string): Promise<{ readonly developer: Developer; readonly ended: number }> {
    const id = this.developers.all.find((each) => each.name === name)?.id;
    try {
      const developer = await this.developers.revoke(name);
      const ended = this.#server?.expel(developer.id) ?? 0;
      await this.#audit.append('revoked', { developer: name, keyId: developer.keyId, ended });
      return { developer, ended };
    } finally {
      if (id !== undefined) this.#server?.expel(id); // Also where it could not be written down.
    }
  }

  async #note(event: AuditEvent, fields: AuditFields): Promise<void> {
    await this.#audit.append(event, fields).catch(() => undefined); // Whoever acts next hears of it.
  }

  #callerOf(id: string): Caller {
    const { name, keyId, programs } = this.developers.require(id);
    return { id, name, agentId: this.agentId, lastSequence: this.ledger.last(keyId), programs };
  }

  /** How many connections a developer has. */
  countOf(id: string): number {
    return this.#server?.countOf(id) ?? 0;
  }
}

/** The addresses of this machine; none where the system lists none, as in a sandbox without netlink. */
function interfaces(): NetworkInterfaceInfo[] {
  try {
    return Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  } catch {
    return [];
  }
}

/** Where others reach this machine: the address itself, or for one that means all, the first that is not loopback. */
function reachable(host: string, port: number): string {
  const isAll = host === '0.0.0.0' || host === '::';
  const others = interfaces();
  const found = isAll ? others.find(({ internal, family }) => !internal && family === 'IPv4')?.address : undefined;
  const name = found ?? (isAll ? '127.0.0.1' : host);
  return name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`;
}
