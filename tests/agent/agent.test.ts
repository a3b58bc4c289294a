import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Agent, startAgent } from '../../agent/agent.ts';
import type { Notice } from '../../agent/say/notice.ts';
import { parseTarget } from '../../rpc/address.ts';
import { AgentClient } from '../../rpc/client.ts';

let folder = '';
let notices: Notice[] = [];
let heard: () => void = () => undefined;
const agents: Agent[] = [];
const sockets: Socket[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vais-agent-'));
  notices = [];
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const agent of agents.splice(0)) await agent.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(data = 'data', overrides: { listen?: string; insecure?: boolean; defaultLink?: string } = {}) {
  const agent = await startAgent(
    {
      listen: overrides.listen ?? '127.0.0.1:0',
      data: join(folder, data),
      run: [],
      insecure: overrides.insecure ?? true,
      defaultLink: overrides.defaultLink ?? join(folder, 'default', 'link.sock'),
      maxImageBytes: 1024 * 1024,
      environment: {},
    },
    (notice) => {
      notices.push(notice);
      heard();
    },
  );
  agents.push(agent);
  return agent;
}

async function notice(event: Notice['event']): Promise<Notice> {
  for (;;) {
    const found = notices.find((each) => each.event === event);
    if (found !== undefined) return found;
    await new Promise<void>((resolve) => {
      heard = resolve;
    });
  }
}

async function dial(path: string): Promise<Socket> {
  const socket = createConnection(path);
  sockets.push(socket);
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  return socket;
}

const hello = 'hello protocol=1 program=game pid=1 triple=x86_64-linux-gnu runtime=0.1.0 modules=1\n';
const record =
  '{"record":"module","format":1,"name":"game","triple":"x86_64-linux-gnu","build":"00000000000000000000000000000000","tier":"fast","compiler":"c","source":"game.vais"}';
const module = `module name=game source=game.vais version=1 build=${'0'.repeat(32)} base=${'0'.repeat(32)} digest=- state=confirmed\n`;
const contract = `contract module=game record=${record.replaceAll(' ', '%20')}\n`;

describe('an agent', () => {
  it('is insecure on loopback only', async () => {
    const refused = expect.objectContaining({ code: 'not_authorized' });
    await expect(start('a', { listen: '0.0.0.0:0' })).rejects.toEqual(refused);
  });

  it('is the only one of its data folder, and the folder is free again when it ends', async () => {
    const agent = await start();
    await expect(start()).rejects.toEqual(expect.objectContaining({ code: 'busy' }));
    await agent.close();
    await agent.close();
    await start();
  });

  it('says which address is taken', async () => {
    const { address } = await start('a');
    await expect(start('b', { listen: address })).rejects.toEqual(
      expect.objectContaining({ code: 'busy', message: expect.stringContaining(address) }),
    );
  });

  it('keeps its link from everybody else, and refuses a folder that others can write to', async () => {
    const agent = await start();
    expect((await stat(agent.link)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'data'))).mode & 0o077).toBe(0);
    await mkdir(join(folder, 'open'));
    await chmod(join(folder, 'open'), 0o777);
    await expect(start('open')).rejects.toEqual(expect.objectContaining({ code: 'storage' }));
  });

  it('answers health checks and reflection', async () => {
    const { address } = await start();
    const client = new grpc.Client(address, grpc.credentials.createInsecure());
    const bytes = (value: Buffer) => value;
    const answer = await new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest('/grpc.health.v1.Health/Check', bytes, bytes, Buffer.alloc(0), (error, value) =>
        value === undefined ? reject(error) : resolve(value),
      );
    });
    client.close();
    expect([...answer]).toEqual([0x08, 0x01]); // status: SERVING
  });

  it('lists a program once it has said what it runs, and not after it ended', async () => {
    const agent = await start();
    const client = new AgentClient(parseTarget(agent.address));
    const socket = await dial(agent.link);
    socket.write(hello);
    expect((await client.getStatus(false)).programs).toEqual([]);
    socket.write(`${module}${contract}ready\n`);
    await notice('linked');
    expect((await client.getStatus(true)).programs).toMatchObject([
      {
        name: 'game',
        pid: 1,
        modules: [{ name: 'game', version: 1, desiredVersion: 1, digest: '', contract: [record] }],
      },
    ]);
    socket.end('bye\n');
    await notice('unlinked');
    expect((await client.getStatus(false)).programs).toEqual([]);
    client.close();
  });

  it.each([
    ['no hello', `${module}ready\n`],
    ['another protocol', hello.replace('protocol=1', 'protocol=2')],
    ['a name with a path', hello.replace('program=game', 'program=../game')],
    ['no line at all', 'x'.repeat(70_000)],
    ['bytes', '\u0000\u0001\u0002\n'],
    ['a contract without its module', `${hello}${contract}`],
    ['a contract that cannot be read', `${hello}${module}contract module=game record={\nready\n`],
    ['a module without a contract', `${hello}${module}ready\n`],
    ['two readies', `${hello}${module}${contract}ready\nready\n`],
    ['a report without a version', `${hello}${module}${contract}ready\nswapped module=game nonce=1\n`],
  ])('ends a connection with %s, and goes on serving others', async (_what, text) => {
    const agent = await start();
    const bad = await dial(agent.link);
    const closed = new Promise((resolve) => bad.on('close', resolve));
    bad.write(text);
    await closed;
    const good = await dial(agent.link);
    const before = notices.length;
    good.write(`${hello}${module}${contract}ready\n`);
    while (!notices.slice(before).some(({ event }) => event === 'linked'))
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
  });

  it('takes the default link over from an agent that was killed, and leaves that of one that lives', async () => {
    const shared = join(folder, 'default', 'link.sock');
    const first = await start('a', { defaultLink: shared });
    const second = await start('b', { defaultLink: shared });
    const socket = await dial(shared);
    socket.write(`${hello}${module}${contract}ready\n`);
    await notice('linked');
    const of = async (agent: Agent) => {
      const client = new AgentClient(parseTarget(agent.address));
      const { programs } = await client.getStatus(false);
      client.close();
      return programs.length;
    };
    expect([await of(first), await of(second)]).toEqual([1, 0]);
    await first.close();
    await expect
      .poll(
        () =>
          dial(shared).then(
            () => true,
            () => false,
          ),
        { timeout: 30_000 },
      )
      .toBe(true);
  });
});
