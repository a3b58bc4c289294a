import * as grpc from '@grpc/grpc-js';
import type { Target } from '../../rpc/address.ts';
import { serveAgent } from '../../rpc/server.ts';
import type { Say } from '../say/notice.ts';
import type { DataFolder } from '../store/data-folder.ts';
import { AuditLog } from '../trust/audit.ts';
import type { AuditFields } from '../trust/audit-entry.ts';
import { Authorizer } from '../trust/authorize.ts';
import { anybody } from '../trust/limits.ts';
import { Trust, type TrustOptions } from '../trust/trust.ts';
import { serveAdmin } from './admin.ts';
import { agentService, type ServiceDeps } from './service.ts';

/** What developers come in by. */
export interface InsecureAccess {
  readonly port: number;
  /** Says how the first developer can pair, where nobody has yet. */
  invite(say: Say): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens the way in for developers: with mutual TLS, or with --insecure in plain text. Whatever comes in is authorized.
 *
 * @throws VaisError `identity_lost`, `key_exposed`, `busy`, `storage`
 */
export async function openInsecureAccess(
  target: Target,
  options: TrustOptions & { readonly data: DataFolder; readonly insecure: boolean },
  deps: Omit<ServiceDeps, 'authorizer' | 'callerOf' | 'insecure'>,
): Promise<InsecureAccess> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const audit = await AuditLog.open(options.data, deps.faults);
    closers.push(() => audit.close());
    if (options.insecure) {
      const service = agentService({
        ...deps,
        insecure: true,
        authorizer: new Authorizer(audit, undefined, deps.warn),
        callerOf: () => anybody,
      });
      const server = await serveAgent(target, service, grpc.ServerCredentials.createInsecure());
      closers.push(() => server.close());
      await noteStart(audit, { insecure: true });
      return { port: server.port, close, invite: async () => undefined };
    }
    const trust = await Trust.open(options.data.path, audit, options);
    closers.push(() => trust.ledger.close());
    const authorizer = new Authorizer(audit, trust, deps.warn);
    const server = await trust.serve(target, (callerOf) =>
      agentService({ ...deps, insecure: false, authorizer, callerOf }),
    );
    closers.push(() => server.close());
    closers.push(await serveAdmin(options.data.path, trust));
    await noteStart(audit, { insecure: false, agentId: trust.agentId });
    const invite = async (say: Say) => {
      if (trust.developers.all.length > 0) return;
      say({ event: 'token', ...(await trust.makeToken({ programs: [] }, 0)) });
    };
    return { port: server.port, close, invite };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Where the disk is full an agent starts all the same: programs get their versions back, and no push is taken. */
async function noteStart(audit: AuditLog, fields: AuditFields): Promise<void> {
  await audit.append('started', fields).catch(() => undefined); // The log itself says what is wrong.
}
