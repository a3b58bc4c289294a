/** Floods of strangers, guests and streams: they end by themselves and keep nobody out. */
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../agent/harness.ts';
import { type Developer, Fort } from './harness.ts';

let fort: Fort;
beforeEach(() => {
  fort = new Fort();
});
afterEach(() => fort.close());

const knock = (developer: Developer) => developer.client().getStatus(false);

describe('a flood', () => {
  it('of connections of one developer leaves place for the others', async () => {
    const agent = await fort.agent();
    const [ann, bob] = [await fort.developer(agent), await fort.developer(agent, 'bob')];
    const { key = '', certificate: cert = '' } = ann.identity.own ?? {};
    const { host, port } = agent.target;
    const ended: unknown[] = [];
    for (let index = 0; index < 70; index += 1) {
      const socket = connect({ host, port, key, cert, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
      socket.on('error', () => undefined).resume();
      socket.once('close', () => ended.push(socket));
      fort.onClose(() => socket.destroy());
    }
    await eventually(() => ended.length === 6, 'those over 64 to be ended');
    expect((await fort.developers(agent)).find(({ name }) => name === 'ann')).toMatchObject({ connections: 64 });
    expect(await knock(bob)).toMatchObject({ developer: 'bob' });
  });

  it('of handshakes that never end keeps nobody out', async () => {
    const agent = await fort.agent();
    const ann = await fort.developer(agent);
    const { host, port } = agent.target;
    const sockets: Socket[] = [];
    fort.onClose(() => {
      for (const socket of sockets) socket.destroy();
    });
    for (let index = 0; index < 400; index += 1) {
      const socket = connectPlain({ host, port }).on('error', () => undefined);
      socket.once('connect', () => socket.write(Buffer.from([0x16, 0x03, 0x01])));
      sockets.push(socket);
    }
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    expect(await knock(ann)).toMatchObject({ developer: 'ann' });
    // The oldest were given up for the newer ones.
    await eventually(
      () => sockets.filter(({ destroyed, readableEnded }) => destroyed || readableEnded).length > 300,
      'it to wane',
    );
  });

  it('of guests keeps nobody out, and they are asked to leave', async () => {
    const agent = await fort.agent();
    const ann = await fort.developer(agent);
    const { host, port } = agent.target;
    const guests: TLSSocket[] = [];
    for (let index = 0; index < 100; index += 1) {
      const guest = connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
      guest.on('error', () => undefined).resume();
      await once(guest, 'secureConnect');
      guests.push(guest);
    }
    fort.onClose(() => {
      for (const guest of guests) guest.destroy();
    });
    expect(await knock(ann)).toMatchObject({ developer: 'ann' });
    // One more can pair while they are there, and by and by they are gone.
    const bob = await fort.developer(agent, 'bob');
    expect(await knock(bob)).toMatchObject({ developer: 'bob' });
    await Promise.all(guests.map((guest) => (guest.destroyed ? undefined : once(guest, 'close'))));
  });

  it('of half-open streams ends by itself', async () => {
    const agent = await fort.agent();
    const ann = await fort.developer(agent);
    const client = ann.client();
    await client.connect();
    const streams = Array.from({ length: 32 }, () => client.session(AbortSignal.timeout(30_000)).responses().next());
    const ends = await Promise.allSettled(streams);
    const codes = ends.map((end) => (end.status === 'rejected' ? end.reason.code : 'answered'));
    expect(new Set(codes)).toEqual(new Set(['timed_out']));
    await ann.session();
  });
});
