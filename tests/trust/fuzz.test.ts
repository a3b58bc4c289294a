/** Bytes and fields that nobody meant: for everything in the way of trust that reads what a peer or a file says. */
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChainReader, formatEntry, noHash } from '../../agent/trust/audit-entry.ts';
import { pushStatement, rollbackStatement, type Stamp, validateStamp } from '../../artifact/act/act.ts';
import type { Manifest } from '../../artifact/act/manifest.ts';
import type { Digest } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import { isAddress, parseTarget } from '../../rpc/address.ts';
import { formatToken, parseToken } from '../../rpc/token.ts';
import { Fort } from './harness.ts';

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const stamps: fc.Arbitrary<Stamp> = fc.record({
  keyId: hex(64),
  agentId: hex(32),
  sequence: fc.integer({ min: 1 }),
  nonce: hex(32),
  signedAt: fc.nat(),
});
const text = fc.string({ unit: 'binary', maxLength: 12 });
const manifests: fc.Arbitrary<Manifest> = fc.record({
  program: text,
  module: text,
  triple: fc.constantFrom('x86_64-linux-gnu', 'aarch64-linux-gnu'),
  digest: hex(64).map((digest) => digest as Digest),
  size: fc.nat(),
  parentVersion: fc.nat(),
  tier: fc.constantFrom('fast', 'optimized'),
  buildId: hex(32),
  refines: hex(64).map((digest) => digest as Digest),
  group: hex(32),
  groupSize: fc.nat(),
});

/** What it throws is an error of ours, that says so. */
function ours(work: () => unknown, code: string): void {
  try {
    work();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(VaisError);
    expect((thrown as VaisError).code).toBe(code);
  }
}

describe('what is signed', () => {
  it('is other bytes for every other act', () => {
    fc.assert(
      fc.property(manifests, stamps, manifests, stamps, (a, s, b, t) => {
        const same = JSON.stringify([a, s]) === JSON.stringify([b, t]);
        expect(pushStatement(a, s).equals(pushStatement(b, t))).toBe(same);
        expect(pushStatement(a, s).equals(rollbackStatement({ ...a, version: 1 }, s))).toBe(false);
      }),
    );
    // Names that run into each other do not.
    const one = { program: 'ab', module: 'c', version: 0, parentVersion: 0 };
    const stamp = { keyId: '', agentId: '', sequence: 1, nonce: '', signedAt: 0 };
    expect(rollbackStatement(one, stamp)).not.toEqual(rollbackStatement({ ...one, program: 'a', module: 'bc' }, stamp));
  });

  it('is read strictly', () => {
    fc.assert(fc.property(fc.object(), (value) => ours(() => validateStamp(value), 'signature_invalid')));
    fc.assert(fc.property(stamps, (stamp) => void expect(validateStamp(stamp)).toEqual(stamp)));
  });
});

describe('words of a user or a file', () => {
  it('are a token or are not, and come back as they were', () => {
    fc.assert(fc.property(fc.string(), (word) => ours(() => parseToken(`vais1-${word}`), 'usage')));
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.stringMatching(/^[\x21-\x7e]{1,100}$/),
        (secret, fingerprint, address) => {
          const token = { secret: Buffer.from(secret), fingerprint: Buffer.from(fingerprint), address };
          expect(parseToken(formatToken(token))).toEqual(token);
        },
      ),
    );
  });

  it('are an address or the name of a target', () => {
    fc.assert(fc.property(fc.string(), (word) => void (isAddress(word) && ours(() => parseTarget(word), 'usage'))));
    expect(['127.0.0.1:1', '[::1]:1/x', 'box:80', 'a:b:99'].map(isAddress)).toEqual([true, true, true, true]);
    expect(['box', 'box/game', 'box/a:1', ''].map(isAddress)).toEqual([false, false, false, false]);
  });

  it('break the chain of an audit log where they stand', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.json()), { maxLength: 5 }), (lines) => {
        const chain = new ChainReader();
        const { line } = formatEntry({ n: 1, at: '', event: 'started', prev: noHash });
        expect(chain.read(line)).toBeUndefined();
        for (const each of lines) expect(chain.read(each)).toBeTypeOf('string');
        expect(chain.entries).toBe(1);
      }),
    );
  });
});

describe('bytes at the port', () => {
  let fort: Fort;
  beforeEach(() => {
    fort = new Fort();
  });
  afterEach(() => fort.close());

  it('harm nobody, with TLS around them or not', async () => {
    const agent = await fort.agent();
    const ann = await fort.developer(agent);
    const { host, port } = agent.target;
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), fc.constantFrom(0, 1, 2), async (bytes, kind) => {
        const tls = { host, port, rejectUnauthorized: false, ALPNProtocols: ['h2'] };
        const socket = kind === 0 ? connectPlain({ host, port }) : connect(tls);
        socket.on('error', () => undefined).resume();
        await once(socket, kind === 0 ? 'connect' : 'secureConnect');
        await new Promise((sent) => socket.end(kind === 2 ? Buffer.concat([preface, bytes]) : bytes, () => sent(0)));
        socket.destroy();
      }),
      { numRuns: 100 },
    );
    expect(await ann.client().getStatus(false)).toMatchObject({ developer: 'ann' });
  });
});
