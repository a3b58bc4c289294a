import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { VaisError } from '../common/error.ts';
import type { Developer__Output } from '../rpc/gen/vais/remote/v1/Developer.ts';
import { AdminService } from '../rpc/protos.ts';
import { fromStatus } from '../rpc/status.ts';
import { isPipe, socketPath } from './link/socket-path.ts';
import { wireDeveloper } from './serve/admin.ts';
import { health as askHealth } from './serve/health.ts';
import { DataFolder } from './store/data-folder.ts';
import { StorageFaults } from './store/faults.ts';
import { AuditLog, auditFile, broken, readAudit } from './trust/audit.ts';
import { DeveloperStore } from './trust/developers.ts';
import { setIdentityAside } from './trust/identity.ts';

/**
 * The commands for whoever runs an agent. They ask the agent that runs on the data folder; what makes sense without one
 * they do themselves. Each shows what it has to say, as data and as text.
 */
export type Show = (json: Readonly<Record<string, unknown>>, text: string) => void;

const deadlineMs = 10_000;

/** `agent token`: a pairing token. @throws VaisError `unreachable` when no agent runs on the folder */
export async function token(
  data: string,
  options: { readonly developer?: string; readonly programs: readonly string[]; readonly minutes: number },
  show: Show,
): Promise<void> {
  const { developer = '', programs, minutes } = options;
  const request = { developer, programs: [...programs], seconds: minutes * 60 };
  const made = await ask<{ token: string; seconds: number }>(data, (client, call, done) =>
    client.createToken(request, call, done),
  );
  if (made === undefined)
    throw new VaisError('unreachable', `no agent runs on ${data}, and only a running one can give tokens`, {
      hint: 'Start it without --insecure: `vais-remote agent --listen HOST:PORT --data DIR`.',
    });
  const whom = programs.length === 0 ? 'all programs' : programs.join(', ');
  show(
    { event: 'token', token: made.token, seconds: made.seconds, programs },
    `vais-remote pair ${made.token}\nFor ${whom}; works once, within ${Math.round(made.seconds / 60)} minutes.`,
  );
}

/** `agent health`: whether the agent serves. @throws VaisError `unreachable` when it does not */
export async function health(data: string, show: Show): Promise<void> {
  const { address } = await askHealth(data);
  show({ event: 'healthy', address }, `The agent at ${address} serves.`);
}

/** `agent developers`: who is paired. */
export async function developers(data: string, show: Show): Promise<void> {
  const answer = await ask<{ developers: Developer__Output[] }>(data, (client, call, done) =>
    client.listDevelopers({}, call, done),
  );
  const list =
    answer?.developers ?? (await DeveloperStore.open(data, undefined)).all.map((each) => wireDeveloper(each, 0));
  for (const each of list) {
    const { name = '', keyId = '', programs = [], connections = 0 } = each;
    const [paired, revoked, expires] = [each.pairedAtUnixMs, each.revokedAtUnixMs, each.expiresAtUnixMs].map(timeOf);
    const state = revoked !== undefined ? `revoked ${revoked}` : `certificate until ${expires}`;
    show(
      {
        event: 'developer',
        name,
        keyId,
        programs,
        connections,
        paired,
        expires,
        ...(revoked === undefined ? {} : { revoked }),
      },
      `${name}  ${programs.length === 0 ? 'all programs' : programs.join(', ')}  ${state}  ${connections} connected`,
    );
  }
  if (list.length === 0) show({ event: 'nobody' }, 'Nobody is paired with this agent.');
}

/** `agent revoke NAME`: takes a developer's rights, at once where the agent runs. */
export async function revoke(data: string, name: string, show: Show): Promise<void> {
  const answer = await ask<{ ended: number }>(data, (client, call, done) =>
    client.revokeDeveloper({ developer: name }, call, done),
  );
  const ended = answer?.ended ?? 0;
  if (answer === undefined)
    await alone(data, async (folder) => {
      const { keyId } = await (await DeveloperStore.open(data, undefined)).revoke(name);
      await note(folder, (audit) => audit.append('revoked', { developer: name, keyId, ended }));
    });
  show({ event: 'revoked', name, ended }, `${name} is revoked; ${ended} connections ended.`);
}

/** `agent new-identity`: for an agent that lost its own. Everybody has to pair again. */
export async function newIdentity(data: string, show: Show): Promise<void> {
  await alone(data, async (folder) => {
    const aside = await setIdentityAside(data);
    await note(folder, (audit) => audit.append('identity_set_aside', { aside }));
    show(
      { event: 'identity', aside },
      `Set aside: ${aside.join(', ') || 'nothing'}. The next start makes a new identity.`,
    );
  });
}

/** `audit`: shows the log, or verifies it. @throws VaisError `audit_broken`, which names the first broken line */
export async function audit(data: string, onlyVerify: boolean, show: Show): Promise<void> {
  const path = join(data, auditFile);
  const verdict = await readAudit(path, (line) => {
    if (!onlyVerify) show(JSON.parse(line) as Record<string, unknown>, renderEntry(line));
  });
  if (verdict.kind === 'broken') throw broken(path, verdict);
  const { entries, head } = verdict;
  const cut = verdict.kind === 'cut' ? verdict.bytes : 0;
  const note = cut === 0 ? '' : ` The last line is unfinished (${cut} bytes): a power cut; nothing was done upon it.`;
  if (onlyVerify || cut > 0)
    show(
      { event: 'verified', entries, head, cut },
      `${entries} entries, none missing or changed. Last hash: ${head}.${note}`,
    );
}

type Call<Answer> = (
  client: InstanceType<typeof AdminService>,
  options: grpc.CallOptions,
  done: grpc.requestCallback<Answer>,
) => unknown;

/** Asks the agent that runs on the folder. Undefined when none does. */
async function ask<Answer>(data: string, call: Call<Answer>): Promise<Answer | undefined> {
  const path = socketPath(data, 'admin');
  if ((await stat(data).catch(() => undefined)) === undefined)
    throw new VaisError('usage', `there is no data folder ${data}`, {
      hint: 'Give the --data that the agent was given.',
    });
  // To look at a pipe is to connect to it.
  if (!isPipe(path) && (await stat(path).catch(() => undefined)) === undefined) return undefined;
  const client = new AdminService(`unix:${path}`, grpc.credentials.createInsecure());
  try {
    return await new Promise<Answer>((resolve, reject) => {
      call(client, { deadline: Date.now() + deadlineMs }, (error, answer) => {
        if (error === null && answer !== undefined) resolve(answer);
        else reject(fromStatus(error, path));
      });
    });
  } catch (thrown) {
    if (VaisError.from(thrown).code === 'unreachable') return undefined; // Left by an agent that was killed.
    throw thrown;
  } finally {
    client.close();
  }
}

/** Does something with a data folder on which no agent runs, and keeps agents off it meanwhile. @throws VaisError `busy` */
async function alone(data: string, work: (folder: DataFolder) => Promise<void>): Promise<void> {
  const folder = await DataFolder.open(data, () => undefined);
  try {
    await work(folder);
  } finally {
    folder.close();
  }
}

async function note(data: DataFolder, write: (audit: AuditLog) => Promise<void>): Promise<void> {
  const log = await AuditLog.open(data, new StorageFaults(() => undefined));
  await write(log).finally(() => log.close());
}

function renderEntry(line: string): string {
  const { n, at, event, prev: _prev, hash: _hash, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [String(n).padStart(5), at, event, ...fields].join('  ');
}

function timeOf(ms: number | string | { toString(): string } | undefined): string | undefined {
  const number = Number(ms ?? 0);
  return number === 0 ? undefined : new Date(number).toISOString();
}
