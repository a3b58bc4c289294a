/** Whatever bytes come to the port of an agent, and however many connections: it goes on, and takes a real push after. */
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually, Stock, TestSession, Yard } from '../agent/harness.ts';
import { variantOf } from '../agent/variants.ts';
import { type Developer, Fort, type Guarded } from './harness.ts';

const stock = new Stock();
beforeAll(() => stock.build());
afterAll(() => stock.close());

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

/** A frame of HTTP/2 whose head says one thing and whose body may say another. */
const frame = fc
  .record({
    length: fc.oneof(fc.nat(64), fc.constantFrom(0, 16_384, 16_385, 0xff_ffff)),
    type: fc.nat(12),
    flags: fc.nat(255),
    stream: fc.oneof(fc.nat(9), fc.constantFrom(0x7fff_ffff, 0xffff_ffff)),
    body: fc.uint8Array({ maxLength: 80 }),
  })
  .map(({ length, type, flags, stream, body }) => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(length, 0, 3);
    head.writeUInt8(type, 3);
    head.writeUInt8(flags, 4);
    head.writeUInt32BE(stream, 5);
    return Buffer.concat([head, body]);
  });

/** What comes to a port that speaks HTTP/2: good beginnings, then anything, cut off anywhere. */
const rubbish = fc
  .tuple(
    fc.constantFrom(Buffer.alloc(0), preface.subarray(0, 9), preface, Buffer.concat([preface, settings])),
    fc.oneof(fc.uint8Array({ maxLength: 300 }).map(Buffer.from), fc.array(frame, { maxLength: 8 }).map(Buffer.concat)),
    fc.nat(400),
  )
  .map(([start, rest, cut]) => Buffer.concat([start, rest]).subarray(0, cut + 1));

/** The beginning of a TLS handshake, with anything in it. */
const handshake = fc
  .uint8Array({ maxLength: 200 })
  .map((body) => Buffer.concat([Buffer.from([0x16, 3, 1, 0, body.length, 1]), body]));

async function throwAt(open: () => Socket, event: string, bytes: fc.Arbitrary<Buffer>, numRuns: number) {
  await fc.assert(
    fc.asyncProperty(bytes, async (sent) => {
      const socket = open();
      const gone = new Promise((resolve) => socket.on('close', resolve));
      socket.on('error', () => undefined).resume();
      await Promise.race([once(socket, event), gone]);
      await Promise.race([new Promise((done) => socket.end(sent, () => done(0))), gone]);
      socket.destroy();
    }),
    { numRuns },
  );
}

describe('rubbish at the port', () => {
  it('of an agent without TLS harms nobody', async () => {
    const yard = new Yard();
    try {
      const agent = await yard.agent();
      yard.run(await yard.program(stock.program, agent));
      const [host = '', port = ''] = agent.address.split(':');
      await throwAt(() => connectPlain({ host, port: Number(port) }), 'connect', rubbish, 300);
      await throwAt(() => connectPlain({ host, port: Number(port) }), 'connect', handshake, 50);
      expect(await (await agent.session()).push(await stock.image('a1')).ended).toMatchObject({ kind: 'ack' });
    } finally {
      await yard.close();
    }
  });

  it('inside a session is refused or ends it, and the next one is served', async () => {
    const yard = new Yard();
    try {
      const agent = await yard.agent();
      yard.run(await yard.program(stock.program, agent));
      const text = fc.string({ unit: 'binary', maxLength: 30 });
      const number = fc.oneof(fc.integer(), fc.maxSafeInteger());
      const bytes = fc.uint8Array({ maxLength: 60 }).map(Buffer.from);
      const manifest = fc.record(
        {
          ...{ program: fc.oneof(fc.constant('game'), text), module: fc.oneof(fc.constant('game'), text) },
          ...{ triple: fc.constant('x86_64-linux-gnu'), digest: fc.oneof(fc.stringMatching(/^[0-9a-f]{64}$/), text) },
          ...{ size: number, parentVersion: number, buildId: text, refines: text },
        },
        { requiredKeys: [] },
      );
      const message = fc.oneof(
        fc.record({ nonce: fc.nat(3), manifest, image: bytes, elapsedUs: number }).map((offer) => ({ offer })),
        fc.record({ nonce: fc.nat(3), data: bytes }, { requiredKeys: [] }).map((chunk) => ({ chunk })),
        fc.constant({ open: { clientVersion: 'again' } }),
        fc.constant({}),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 8 }), fc.boolean(), async (messages, opens) => {
          const session = new TestSession(agent.client);
          if (opens) await session.open();
          for (const each of messages) await session.raw.send(each).catch(() => undefined);
          session.close();
          await session.over;
        }),
        { numRuns: 100 },
      );
      expect(await (await agent.session()).push(await stock.image('a1')).ended).toMatchObject({ kind: 'ack' });
    } finally {
      await yard.close();
    }
  });

  describe('with TLS,', () => {
    let fort: Fort;
    let agent: Guarded;
    let ann: Developer;
    beforeEach(async () => {
      fort = new Fort();
      agent = await fort.agent();
      ann = await fort.developer(agent);
      await fort.program(stock.program, agent);
    });
    afterEach(() => fort.close());

    const as = (developer: Developer): TLSSocket =>
      connect({
        ...{ host: agent.target.host, port: agent.target.port, ALPNProtocols: ['h2'], rejectUnauthorized: false },
        ...{ key: developer.identity.own?.key, cert: developer.identity.own?.certificate },
      });

    it('harms nobody, before the handshake and as a member', async () => {
      const { host, port } = agent.target;
      await throwAt(() => connectPlain({ host, port }), 'connect', handshake, 100);
      await throwAt(() => as(ann), 'secureConnect', rubbish, 100);
      expect(await ann.push(variantOf(await stock.image('a1'), 1, fort.folder))).toMatchObject({ kind: 'ack' });
    });

    it('of members there are 512 connections and no more, until one of them goes', { timeout: 180_000 }, async () => {
      const developers = await Promise.all(Array.from({ length: 9 }, (_, n) => fort.developer(agent, `d${n}`)));
      const open = new Set<TLSSocket>();
      let refused = 0;
      for (const developer of developers)
        for (let batch = 0; batch < 4; batch += 1)
          await Promise.all(
            Array.from({ length: 15 }, async () => {
              const socket = as(developer);
              socket.on('error', () => undefined).resume();
              const gone = new Promise((resolve) => socket.on('close', () => resolve(open.delete(socket))));
              await Promise.race([once(socket, 'secureConnect'), gone]);
              open.add(socket);
              void gone.then(() => {
                refused += 1;
              });
            }),
          );
      await eventually(() => refused === 9 * 60 - 512, '28 are refused');
      const [first] = open;
      first?.destroy();
      await eventually(() => refused === 29, 'one has gone');
      expect(await ann.push(variantOf(await stock.image('a1'), 3, fort.folder))).toMatchObject({ kind: 'ack' });
      for (const socket of open) socket.destroy();
    });
  });
});
