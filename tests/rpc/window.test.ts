import { once } from 'node:events';
import { connect, type SecureClientSessionOptions } from 'node:http2';
import { createConnection, createServer, type Socket } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { afterEach, expect, it } from 'vitest';
import { serverNameOf } from '../../rpc/certificate.ts';
import { openWindow, windowBytes } from '../../rpc/window.ts';
import { Yard } from '../agent/harness.ts';
import { Fort } from '../trust/harness.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const closer of closers.splice(0).reverse()) await closer();
});

/** What a client of HTTP/2 is told that it may send: in one call, and in the connection. */
async function windowsOf(
  url: string,
  options: SecureClientSessionOptions = {},
): Promise<{ call: number | undefined; connection: number | undefined }> {
  const session = connect(url, options);
  closers.push(() => session.destroy());
  await once(session, 'remoteSettings');
  // What came with the settings, or right behind them, has been read when a ping comes back.
  await new Promise<void>((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
  const { initialWindowSize: call } = session.remoteSettings;
  return { call, connection: session.state.remoteWindowSize };
}

const open = { call: windowBytes, connection: windowBytes };

it('is open on an agent in plain text', async () => {
  const yard = new Yard();
  closers.push(() => yard.close());
  const { address } = await yard.agent();
  expect(await windowsOf(`http://${address}`)).toEqual(open);
});

it('is open for developers over TLS, and as small as ever for guests', async () => {
  const fort = new Fort();
  closers.push(() => fort.close());
  const agent = await fort.agent();
  const { identity } = await fort.developer(agent);
  const { authority, own, agentId } = identity;
  const tls = { ca: authority, servername: serverNameOf(agentId), minVersion: 'TLSv1.3' as const };
  const member = { ...tls, key: own?.key ?? '', cert: own?.certificate ?? '' };
  expect(await windowsOf(`https://${agent.address}`, member)).toEqual(open);
  expect(await windowsOf(`https://${agent.address}`, tls)).toEqual({ call: 65_535, connection: 65_535 });
});

it('is open on a connection that is injected', async () => {
  const server = openWindow(new grpc.Server());
  closers.push(() => server.forceShutdown());
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  const listener = createServer((socket) => injector.injectConnection(socket)).listen(0, '127.0.0.1');
  closers.push(() => listener.close());
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  const createSocket = (): Socket => createConnection(port, '127.0.0.1');
  expect(await windowsOf('http://injected', { createConnection: createSocket })).toEqual(open);
});
