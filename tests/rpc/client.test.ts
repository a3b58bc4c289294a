import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { parseTarget } from '../../rpc/address.ts';
import { AgentClient } from '../../rpc/client.ts';

const servers: Server[] = [];
const clients: AgentClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) server.close();
});

function clientOf(address: string): AgentClient {
  const client = new AgentClient(parseTarget(address));
  clients.push(client);
  return client;
}

/** Listens, and says this to whoever connects. */
async function listen(greeting: string): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => undefined).end(greeting));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

describe('a client', () => {
  it('says that nothing listens', async () => {
    await expect(clientOf('127.0.0.1:1').connect()).rejects.toMatchObject({
      code: 'unreachable',
      message: 'no agent answers at 127.0.0.1:1: connection refused',
    });
  });

  it('says that what listens is no agent', async () => {
    const address = await listen('HTTP/1.1 400 Bad Request\r\n\r\n');
    await expect(clientOf(address).connect()).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('ends what was called off before it began', async () => {
    const client = clientOf(await listen(''));
    const over = AbortSignal.abort();
    expect(await client.watchEvents(over).next()).toEqual({ done: true, value: undefined });
    expect(await client.session(over).responses().next()).toEqual({ done: true, value: undefined });
  });

  it('may send to a session that has broken, and waits for nothing', async () => {
    const session = clientOf('127.0.0.1:1').session(AbortSignal.timeout(10_000));
    await session.send({ open: { clientVersion: 'test' } });
    await expect(session.responses().next()).rejects.toMatchObject({ code: 'unreachable' });
    for (let count = 0; count < 100; count += 1) await session.send({ open: { clientVersion: 'test' } });
    session.close();
    await session.send({ open: { clientVersion: 'test' } });
  });

  it('lives on when a session breaks that nobody reads', async () => {
    const client = clientOf('127.0.0.1:1');
    const session = client.session(AbortSignal.timeout(10_000));
    await session.send({ open: { clientVersion: 'test' } });
    await expect(client.connect()).rejects.toMatchObject({ code: 'unreachable' });
  });
});
