/** Who gets in by the authenticator of an agent, who does not, and why. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { audit } from '../../agent/commands.ts';
import type { Notice } from '../../agent/say/notice.ts';
import { agentIdOf, issueClient, type KeyAndCertificate, makeAuthority, makeRequest } from '../../rpc/certificate.ts';
import { AgentClient } from '../../rpc/client.ts';
import { secureChannel } from '../../rpc/credentials.ts';
import { greet } from '../../rpc/greet.ts';
import { eventually, Stock } from '../agent/harness.ts';
import { Developer, Fort, type Guarded, refused } from './harness.ts';

const stock = new Stock();
beforeAll(() => stock.build());
afterAll(() => stock.close());

let fort: Fort;
beforeEach(() => {
  fort = new Fort();
});
afterEach(() => fort.close());

const hour = 3_600_000;

async function authorityOf(agent: Guarded): Promise<KeyAndCertificate> {
  const text = await readFile(join(agent.data, 'identity', 'authority.pem'), 'utf8');
  const [key = '', certificate = ''] = text.split(/(?=-----BEGIN CERTIFICATE)/);
  return { key, certificate };
}

/** Ann with another certificate for her own place: of this authority, for this subject, and this time. */
async function disguised(
  agent: Guarded,
  ann: Developer,
  authority: KeyAndCertificate,
  { from, until }: { from: number; until: number },
  subject?: string,
): Promise<Developer> {
  const { key, request } = await makeRequest();
  const id = subject ?? '0'.repeat(32);
  const certificate = await issueClient(authority, request, id, { from: new Date(from), until: new Date(until) });
  return fort.keep(new Developer(ann.name, agent.target, { ...ann.identity, own: { key, certificate } }, ann.key));
}

const knock = (developer: Developer) => developer.client().getStatus(false);

describe('the authenticator', () => {
  it('lets in who is paired, by IPv4 and IPv6, and says who they are', async () => {
    const agent = await fort.agent({ listen: '[::1]:0' });
    const ann = await fort.developer(agent);
    expect(await knock(ann)).toMatchObject({ insecure: false, developer: 'ann', agentId: ann.identity.agentId });
  });

  it('tells each stranger why, for every call, and serves the others', async () => {
    const agent = await fort.agent();
    const ann = await fort.developer(agent);
    const now = Date.now();
    const whole = { from: now - hour, until: now + hour };
    const authority = await authorityOf(agent);

    const { own: _own, ...nobody } = ann.identity;
    const nameless = fort.keep(new Developer('nobody', agent.target, nobody, ann.key));
    await expect(knock(nameless)).rejects.toEqual(refused('not_authorized', 'without a certificate'));
    await expect(nameless.session()).rejects.toThrow();
    const session = nameless.client().session(AbortSignal.timeout(10_000)).responses();
    await expect(session.next()).rejects.toEqual(refused('not_authorized', 'without a certificate'));
    await expect(nameless.client().listHistory('', '')).rejects.toEqual(refused('not_authorized'));
    const events = nameless.client().watchEvents(AbortSignal.timeout(10_000));
    await expect(events.next()).rejects.toEqual(refused('not_authorized'));
    const rollback = nameless.client().rollback({}, AbortSignal.timeout(10_000));
    await expect(rollback.next()).rejects.toEqual(refused('not_authorized'));

    const elsewhere = await makeAuthority();
    await expect(knock(await disguised(agent, ann, elsewhere, whole))).rejects.toEqual(
      refused('not_authorized', 'not one that this agent gave'),
    );
    await expect(knock(await disguised(agent, ann, authority, whole))).rejects.toEqual(
      refused('not_authorized', 'does not know this developer'),
    );
    await expect(knock(await disguised(agent, ann, authority, { ...whole, until: now - 1_000 }))).rejects.toEqual(
      refused('certificate_expired', 'held until'),
    );
    await expect(knock(await disguised(agent, ann, authority, { ...whole, from: now + hour / 2 }))).rejects.toEqual(
      refused('certificate_too_early', 'does not hold before'),
    );
    expect(await knock(ann)).toMatchObject({ developer: 'ann' });
    const noted: unknown[] = [];
    await audit(agent.data, false, ({ event, code }) => event === 'connection_refused' && noted.push(code));
    expect(new Set(noted)).toEqual(new Set(['not_authorized', 'certificate_expired', 'certificate_too_early']));
  });

  it('has no health, reflection or other service for strangers', async () => {
    const agent = await fort.agent();
    const { agentId, authority } = await greet(agent.target);
    const { credentials, options } = secureChannel({ agentId, authority });
    const client = new grpc.Client(agent.address, credentials, options);
    const bytes = (value: Buffer) => value;
    for (const path of [
      '/grpc.health.v1.Health/Check',
      '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      '/vais.remote.v1.AdminService/CreateToken',
    ]) {
      const code = await new Promise((resolve) => {
        client.makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), (error) => resolve(error?.code));
      });
      expect(code, path).toBe(grpc.status.UNIMPLEMENTED);
    }
    client.close();
  });

  it('is closed to plain text and to everything before TLS 1.3', async () => {
    const agent = await fort.agent();
    const ann = await fort.developer(agent);
    const { host, port } = agent.target;
    const old = connect({ host, port, maxVersion: 'TLSv1.2', minVersion: 'TLSv1', rejectUnauthorized: false });
    const [error] = (await once(old, 'error')) as [Error];
    expect(error.message).toMatch(/protocol version/);
    await expect(new AgentClient(agent.target).connect(3_000)).rejects.toEqual(refused('not_authorized'));
    const { key, certificate } = ann.identity.own ?? { key: '', certificate: '' };
    const modern = connect({ host, port, key, cert: certificate, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    await once(modern, 'secureConnect');
    expect(modern.getProtocol()).toBe('TLSv1.3');
    modern.destroy();
  });

  it('ends what a developer has open at the moment when they are revoked, and nobody else’s', async () => {
    const agent = await fort.agent();
    await fort.program(stock.program, agent);
    const [ann, bob] = [await fort.developer(agent), await fort.developer(agent, 'bob')];
    const [hers, his] = [await ann.session(), await bob.session()];
    const events = (async () => {
      for await (const _event of ann.client().watchEvents(AbortSignal.timeout(20_000)));
    })();
    events.catch(() => undefined);
    expect(await ann.push(await stock.image('a1'), hers)).toMatchObject({ kind: 'ack', version: 2 });
    await eventually(async () => (await fort.developers(agent)).some((each) => each['connections'] === 2), 'two lines');

    await fort.revoke(agent, 'ann');
    expect(await hers.over).toMatchObject({ code: 'unreachable' });
    await expect(events).rejects.toThrow();
    await expect(knock(ann)).rejects.toEqual(refused('revoked', 'ann'));
    expect(await bob.push(await stock.image('a2'), his)).toMatchObject({ kind: 'ack', version: 3 });
    // What she signed counts no longer either, whoever brings it.
    const image = await stock.image('a1');
    expect(await bob.offer(his, image, ann.sign(image))).toMatchObject({ code: 'revoked' });
    const { connections, revoked } = (await fort.developers(agent)).find(({ name }) => name === 'ann') ?? {};
    expect({ connections, revoked: typeof revoked }).toEqual({ connections: 0, revoked: 'string' });
  });

  it('takes what a developer pushed and the program was not told of yet when they were revoked for nothing', async () => {
    const agent = await fort.agent();
    await fort.program(stock.program, agent);
    const [ann, bob] = [await fort.developer(agent), await fort.developer(agent, 'bob')];
    const session = await ann.session();
    const image = await stock.image('51', { SLOW_LOAD: '3000000' });
    void ann.push(image, session).catch(() => undefined);
    const of = (event: string) => (notice: Notice) => notice.event === event && 'digest' in notice;
    await agent.notices.first(of('staged'), 'the push to be staged'); // It is being checked, which takes three seconds.
    await fort.revoke(agent, 'ann');
    const refusal = await agent.notices.first(of('refused'), 'the push to be refused');
    expect(refusal).toMatchObject({ reason: { code: 'revoked' } });
    expect(agent.notices.all.some(of('delivered'))).toBe(false);
    expect(await bob.push(await stock.image('a1'))).toMatchObject({ kind: 'ack', version: 2 });
  });

  // Other systems have no second loopback address.
  it.runIf(process.platform === 'linux')(
    'never takes one connection for another of the same peer address',
    async () => {
      const agent = await fort.agent({ listen: '0.0.0.0:0' });
      const [ann, bob] = [await fort.developer(agent), await fort.developer(agent, 'bob')];
      const { port } = agent.target;
      const by = ({ identity: { own } }: Developer, host: string, localPort: number) => {
        const from = { localAddress: '127.0.0.1', ...(localPort === 0 ? {} : { localPort }) };
        const tcp = connectPlain({ host, port, ...from });
        const { key = '', certificate: cert = '' } = own ?? {};
        const socket = connect({ socket: tcp, key, cert, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
        fort.onClose(() => tcp.destroy());
        socket.on('error', () => undefined).resume();
        return tcp.on('error', () => undefined);
      };
      const connections = async () =>
        (await fort.developers(agent)).map(({ name, connections }) => [name, connections]);
      const hers = by(ann, '127.0.0.1', 0);
      await eventually(async () => String(await connections()) === 'ann,1,bob,0', 'ann');
      // To another address of the agent, from the same port.
      const his = by(bob, '127.0.0.2', hers.localPort ?? 0);
      await once(his, 'close');
      expect(await connections()).toEqual([
        ['ann', 1],
        ['bob', 0],
      ]);
    },
  );

  it('looks at the certificate of a TLS session that is resumed too', async () => {
    const agent = await fort.agent({ certificateMs: 4_000 });
    const ann = await fort.developer(agent);
    const { host, port } = agent.target;
    const { key = '', certificate: cert = '' } = ann.identity.own ?? {};
    const how = { host, port, key, cert, rejectUnauthorized: false, ALPNProtocols: ['h2'] };
    const first = connect(how).on('error', () => undefined);
    const sessions: Buffer[] = [];
    first.on('session', (session) => sessions.push(session)).resume();
    await eventually(() => sessions.length > 0, 'a session to resume');
    first.destroy();
    const until = Date.parse(new X509Certificate(cert).validTo);
    await eventually(() => Date.now() > until + 1_000, 'the certificate to expire');
    const again = connect({ ...how, session: sessions[0] as Buffer }).on('error', () => undefined);
    fort.onClose(() => again.destroy());
    await once(again.resume(), 'secureConnect');
    await knock(ann).catch(() => undefined); // By now the agent has met the one before.
    expect((await fort.developers(agent))[0]).toMatchObject({ connections: 0 });
    expect(again.isSessionReused()).toBe(true);
  });

  it('ends a connection whose certificate expires', async () => {
    const agent = await fort.agent({ certificateMs: 4_000 });
    const ann = await fort.developer(agent);
    const session = await ann.session();
    expect(await session.over).toMatchObject({ code: 'unreachable' });
    await expect(knock(ann)).rejects.toEqual(refused('certificate_expired'));
  });
});

describe('the sockets of an agent', () => {
  it('are for its own user alone, whatever its umask and whoever may look into its folder', async () => {
    await mkdir(join(fort.folder, 'd'), { mode: 0o755 });
    const umask = process.umask(0);
    fort.onClose(() => process.umask(umask));
    const agent = await fort.agent();
    const modeOf = async (name: string) => ((await stat(join(agent.data, name))).mode & 0o777).toString(8);
    expect([await modeOf('link.sock'), await modeOf('admin.sock')]).toEqual(['600', '600']);
    expect(await fort.developers(agent)).toEqual([{ event: 'nobody' }]);
  });
});

describe('an agent with another identity', () => {
  it('is refused, and learns nothing', async () => {
    const agent = await fort.agent();
    const ann = await fort.developer(agent);
    const between = await fort.agent({ data: 'between' });
    await expect(ann.client(between.target).getStatus(false)).rejects.toEqual(refused('identity_changed'));
    expect(agentIdOf((await authorityOf(between)).certificate)).not.toBe(ann.identity.agentId);
    // A developer's certificate is of the same authority, and makes nobody the agent.
    const { key = '', certificate = '' } = ann.identity.own ?? {};
    const { createServer } = await import('node:tls');
    const server = createServer({ key, cert: certificate, ALPNProtocols: ['h2'], minVersion: 'TLSv1.3' });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    fort.onClose(() => server.close());
    const { port } = server.address() as { port: number };
    const target = { host: '127.0.0.1', port, address: `127.0.0.1:${port}` };
    await expect(ann.client(target).getStatus(false)).rejects.toEqual(refused('identity_changed'));
    await expect(greet(target)).rejects.toEqual(refused('identity_changed'));
  });
});
